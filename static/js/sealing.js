// Sealing in the page: the same bytes that kiosk/sync/keys.py writes, opened by the hub's private key and nothing else.
//
//   "kiosk-sealed/1\n" ‖ sealed box of a fresh 32-byte key ‖ secret box under that key (24-byte nonce first)
//
// Over plain HTTP a browser has no cryptography of its own but random numbers; the rest is tweetnacl and BLAKE2b. They are
// imported where they are used, so that a page can hear that one is missing.

const MARK = new TextEncoder().encode("kiosk-sealed/1\n");
const PAD = 256; // text is padded to steps of this, so that a length says little

/** What seals: `seal(publicKeyHex, bytes) → bytes`. Rejects where the library or random numbers are not to be had. */
export async function sealer() {
  const [{ blake2b }] = await Promise.all([
    import("../vendor/noble-hashes/blake2.js"),
    import("../vendor/nacl/nacl-fast.min.js"), // a plain script: it leaves its functions in self.nacl
  ]);
  const { nacl } = self;
  const sealing = new Sealing(nacl, (bytes) => blake2b(bytes, { dkLen: nacl.box.nonceLength }));
  sealing.try();
  return (publicKeyHex, bytes) => sealing.seal(fromHex(publicKeyHex), bytes);
}

class Sealing {
  constructor(nacl, nonceOf) {
    this.nacl = nacl;
    this.nonceOf = nonceOf;
  }

  seal(hub, bytes) {
    const { secretbox, randomBytes } = this.nacl;
    const dataKey = randomBytes(secretbox.keyLength);
    const nonce = randomBytes(secretbox.nonceLength);
    const sealed = joined(MARK, this.box(hub, dataKey), nonce, secretbox(padded(bytes), nonce, dataKey));
    dataKey.fill(0);
    return sealed;
  }

  /** A sealed box as libsodium's: a key pair for this once, whose private half nobody keeps. */
  box(hub, bytes) {
    const once = this.nacl.box.keyPair();
    const box = this.nacl.box(bytes, this.nonceOf(joined(once.publicKey, hub)), hub, once.secretKey);
    once.secretKey.fill(0);
    return joined(once.publicKey, box);
  }

  /** Before anybody types: what is sealed for a key made here opens with it. Throws where it does not. */
  try() {
    const { box, secretbox } = this.nacl;
    const hub = box.keyPair();
    const sealed = this.seal(hub.publicKey, MARK).subarray(MARK.length);
    const [once, key] = [sealed.subarray(0, 32), sealed.subarray(32, 80)];
    const dataKey = box.open(key, this.nonceOf(joined(once, hub.publicKey)), once, hub.secretKey);
    const opened = dataKey && secretbox.open(sealed.subarray(104), sealed.subarray(80, 104), dataKey);
    if (!opened || !MARK.every((byte, at) => opened[at] === byte)) throw new Error("what was sealed does not open");
  }
}

function padded(bytes) {
  const whole = new Uint8Array(Math.ceil((bytes.length + 1) / PAD) * PAD);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  return whole;
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromHex(text) {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error("not a key");
  return Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16));
}
