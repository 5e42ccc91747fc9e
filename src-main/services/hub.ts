import { Listeners } from "../lib/listeners.ts";
import type { TopicName, TopicState, TopicStates } from "./model/topics.ts";

/** Holds the present state of every topic and tells who listens. States are replaced whole, never edited. */
export class Hub {
  readonly #states: TopicStates;
  readonly #changed = new Listeners<[TopicName]>();

  constructor(initial: TopicStates) {
    this.#states = { ...initial };
  }

  /** The present state of a topic. */
  get<T extends TopicName>(topic: T): TopicState<T> {
    return this.#states[topic];
  }

  /** Replaces a topic's state and tells the listeners. */
  set<T extends TopicName>(topic: T, state: TopicStates[T]): void {
    this.#states[topic] = state;
    this.#changed.emit(topic);
  }

  /** Replaces some members of a topic that is an object. */
  patch<T extends Exclude<TopicName, "training">>(topic: T, part: Partial<TopicStates[T]>): void {
    this.set(topic, { ...this.#states[topic], ...part });
  }

  /** Hears the name of every topic that changes. Returns the way to stop. */
  onChange(fn: (topic: TopicName) => void): () => void {
    return this.#changed.add(fn);
  }
}
