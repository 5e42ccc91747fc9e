import { describe, expect, it } from "vitest";
import type { DigestUse } from "../../../src-main/phone/digest.ts";
import {
  basicAuthorization,
  digestAuthorization,
  digestResponse,
  parseChallenges,
} from "../../../src-main/phone/digest.ts";

const rfc7616 = {
  realm: "http-auth@example.org",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
  qop: "auth",
  stale: false,
} as const;
const use7616: Omit<DigestUse, "challenge"> = {
  user: "Mufasa",
  password: "Circle of Life",
  method: "GET",
  uri: "/dir/index.html",
  nc: 1,
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};
const rfc2617 = {
  realm: "testrealm@host.com",
  nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
  opaque: "5ccc069c403ebaf9f0171e9517f40e41",
  algorithm: "MD5",
  stale: false,
} as const;
const use2617 = { ...use7616, password: "Circle Of Life", cnonce: "0a4f113b" };

describe("digest response", () => {
  const cases: { name: string; use: DigestUse; response: string }[] = [
    {
      name: "RFC 7616 3.9.1, MD5",
      use: { ...use7616, challenge: { ...rfc7616, algorithm: "MD5" } },
      response: "8ca523f5e9506fed4657c9700eebdbec",
    },
    {
      name: "RFC 7616 3.9.1, SHA-256",
      use: { ...use7616, challenge: { ...rfc7616, algorithm: "SHA-256" } },
      response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    },
    {
      name: "RFC 2617 3.5",
      use: { ...use2617, challenge: { ...rfc2617, qop: "auth" } },
      response: "6629fae49393a05397450978507c4ef1",
    },
    {
      name: "the old form of RFC 2069, without qop",
      use: { ...use2617, challenge: { ...rfc2617, qop: null } },
      response: "670fd8c2df070c60b045671b8b24ff02",
    },
  ];
  it.each(cases)("$name", ({ use, response }) => {
    expect(digestResponse(use)).toBe(response);
  });

  it("the -sess form hashes the nonces into the secret part", () => {
    const plain = digestResponse({ ...use2617, challenge: { ...rfc2617, qop: "auth" } });
    const sess = digestResponse({ ...use2617, challenge: { ...rfc2617, algorithm: "MD5-sess", qop: "auth" } });
    expect(sess).not.toBe(plain);
    // computed with Python's hashlib after RFC 7616 section 3.4.2
    expect(sess).toBe("8e3825c57e897f5a0dec6c2d4e5059d0");
  });
});

describe("authorization header", () => {
  it("counts in eight hexadecimal digits and gives the opaque back", () => {
    const text = digestAuthorization({ ...use7616, nc: 26, challenge: { ...rfc7616, algorithm: "MD5" } });
    expect(text).toContain("nc=0000001a");
    expect(text).toContain(`opaque="${rfc7616.opaque}"`);
    expect(text).toContain("qop=auth,");
  });
  it("escapes quotes and writes other letters as username*", () => {
    const challenge = { ...rfc7616, algorithm: "MD5" } as const;
    expect(digestAuthorization({ ...use7616, user: 'a"b\\', challenge })).toContain('username="a\\"b\\\\"');
    expect(digestAuthorization({ ...use7616, user: "Jäsøn", challenge })).toContain("username*=UTF-8''J%C3%A4s%C3%B8n");
  });
  it("Basic in UTF-8, as in RFC 7617 section 2.1", () => {
    expect(basicAuthorization("test", "123£")).toBe("Basic dGVzdDoxMjPCow==");
  });
});

describe("challenges", () => {
  const cases: { name: string; header: string | string[] | undefined; schemes: string[] }[] = [
    { name: "none", header: undefined, schemes: [] },
    {
      name: "as seen on units",
      header: 'Digest realm="HTTP API", qop="auth,auth-int", nonce="abc", opaque="x"',
      schemes: ["digest:MD5:auth"],
    },
    {
      name: "two headers, the stronger first",
      header: [
        'Digest realm="a", qop="auth", nonce="n", algorithm=MD5',
        'Digest realm="a", qop="auth", nonce="n", algorithm=SHA-256',
      ],
      schemes: ["digest:SHA-256:auth", "digest:MD5:auth"],
    },
    {
      name: "two in one header, a comma inside quotes",
      header: 'Basic realm="one, two", Digest realm="three", nonce="n"',
      schemes: ["digest:MD5:null", "basic"],
    },
    { name: "only auth-int is not spoken", header: 'Digest realm="a", qop="auth-int", nonce="n"', schemes: ["other"] },
    { name: "unknown algorithm", header: 'Digest realm="a", nonce="n", algorithm=SHA-3', schemes: ["other"] },
    { name: "no nonce", header: 'Digest realm="a"', schemes: ["other"] },
    { name: "a line break in the nonce", header: 'Digest realm="a", nonce="n\nx: y"', schemes: ["other"] },
    { name: "rubbish", header: '=,,"===\\', schemes: [] },
    { name: "too long", header: `Digest realm="${"a".repeat(5000)}", nonce="n"`, schemes: [] },
  ];
  it.each(cases)("$name", ({ header, schemes }) => {
    const found = parseChallenges(header).map((one) =>
      one.scheme === "digest" ? `digest:${one.digest.algorithm}:${String(one.digest.qop)}` : one.scheme,
    );
    expect(found).toEqual(schemes);
  });
  it("reads stale", () => {
    const [one] = parseChallenges('Digest realm="a", nonce="n", stale=TRUE');
    expect(one).toMatchObject({ scheme: "digest", digest: { stale: true, nonce: "n", realm: "a" } });
  });
});
