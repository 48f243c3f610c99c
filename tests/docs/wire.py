"""The examples of docs/protocol.md, made from the three seeds the page prints: `python -m tests.docs.wire`.

Ed25519 draws nothing at random, so the same seeds give the same bytes, here and in any other language.
"""

import hashlib
import io
import sys

import msgspec

from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.tallies import TallyCounted, TallyUndone, undo_id
from kiosk.facts.vocabulary import REGISTRY
from kiosk.packs.fairs import Fair
from kiosk.sync import bundles, case_receipts, handoffs, keys, protocol, relaying, rosters, sequence, tickets
from tests.makers import an_answer

HUB_SEED, DEVICE_SEED, SEALING_SEED = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32

HUB_KEY = keys.SigningKey(HUB_SEED)
DEVICE_KEY = keys.SigningKey(DEVICE_SEED)
SEALING_KEY = keys.PrivateKey(SEALING_SEED).public_key

HUB, DEVICE, JOURNAL = "a1" * 16, "b2" * 16, "c3" * 16
TOKEN = "00112233445566778899aabbccddeeff"
NONCE = "b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5"
URL = "https://hub.example.org"
MORNING = "2027-03-15T09:30:{:06.3f}+08:00"


def hello() -> protocol.Hello:
    return protocol.Hello(
        hub=HUB,
        signing_key=bytes(HUB_KEY.verify_key).hex(),
        sealing_key=bytes(SEALING_KEY).hex(),
        protocol=[protocol.VERSION],
        capabilities=list(protocol.CAPABILITIES),
        time=MORNING.format(0),
    )


def enrol() -> protocol.EnrolRequest:
    public = bytes(DEVICE_KEY.verify_key).hex()
    proof = keys.sign(DEVICE_KEY, b"kiosk/enrol/1", protocol.enrol_proof(TOKEN, public, JOURNAL, HUB))
    return protocol.EnrolRequest(token=TOKEN, public_key=public, journal=JOURNAL, proof=proof)


def word() -> str:
    return protocol.acknowledge(HUB_KEY, enrol(), HUB)


def told() -> bytes:
    return protocol.dump(protocol.Head(seq=3, hash=head().hex(), nonce=NONCE, at=MORNING.format(5)))


def certificate() -> bytes:
    return protocol.sign_document(
        protocol.Certificate(
            device=DEVICE,
            public_key=bytes(DEVICE_KEY.verify_key).hex(),
            journal=JOURNAL,
            hub=HUB,
            fair="demo",
            desk="d01",
            kinds=["quiz.answered", "tally.counted", "tally.undone"],
            not_before=MORNING.format(0),
            not_after="2028-04-18T09:30:00.000+08:00",
        ),
        HUB_KEY,
    )


def lines() -> list[bytes]:
    tap = "d4" * 16
    bodies = (
        (tap, "li", TallyCounted(counter="headcount", n=1)),
        (undo_id(tap), "li", TallyUndone(undoes=tap, counter="headcount", n=1)),
        ("e5" * 16, "visitor",
         an_answer(session="f6" * 16, question="q001", chosen=["c"], right=True, ms=6180)),
    )  # fmt: skip
    return [
        envelope.encode(
            Fact(
                v=1,
                id=fact_id,
                seq=seq,
                kind=REGISTRY.name_of(body),
                at=MORNING.format(seq),
                mono=1000 * seq,
                boot="0000315a",
                desk="d01",
                by=by,
                body=msgspec.to_builtins(body),
            )
        )
        for seq, (fact_id, by, body) in enumerate(bodies, 1)
    ]


def batch() -> bytes:
    header = protocol.BatchHeader(
        journal=JOURNAL,
        device=DEVICE,
        fair="demo",
        hub=HUB,
        first=1,
        count=3,
        prev=envelope.root(certificate()).hex(),
    )
    return protocol.write_batch(header, lines(), DEVICE_KEY)


def head() -> bytes:
    digest = envelope.root(certificate())
    for line in lines():
        digest = envelope.chain(digest, line)
    return digest


def receipt() -> bytes:
    return protocol.sign_document(
        protocol.Receipt(
            hub=HUB,
            journal=JOURNAL,
            seq=3,
            hash=head().hex(),
            accepted=3,
            duplicates=0,
            quarantined=0,
            forked=0,
            batch=hashlib.sha256(batch()).hexdigest(),
            at=MORNING.format(5),
        ),
        HUB_KEY,
    )


def notice() -> bytes:
    text = {"zh": "示范", "en": "Demo"}
    fair = {
        "id": "demo", "title": text, "theme": text, "starts": "2027-03-15", "ends": "2027-03-15",
        "organiser": {"name": text, "contact": "12315"},
        "venues": [{"id": "v1", "name": text}],
        "desks": [{"id": "d01", "venue": "v1", "type": "advice", "name": text}],
        "leaflets": [{"id": "law", "name": text, "bundle": 50}],
        "retention_months": 6,
    }  # fmt: skip
    pin = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    return protocol.sign_document(
        protocol.FairNotice(
            fair=msgspec.convert(fair, Fair),
            public_url="https://hub.example.org",
            pack="e7375fadb16b",
            volunteers=[{"id": "v01", "name": "李志愿", "pin": pin}],
        ),
        HUB_KEY,
    )


def roster() -> bytes:
    header = rosters.RosterHeader(
        fair="demo",
        hub=HUB,
        signing_key=bytes(HUB_KEY.verify_key).hex(),
        sealing_key=bytes(SEALING_KEY).hex(),
        certificates=1,
    )
    fair = protocol.read_document(protocol.FairNotice, notice(), HUB_KEY.verify_key).fair
    return rosters.write_roster(header, fair, [certificate()], HUB_KEY)


def status() -> protocol.Status:
    return protocol.Status(
        journal=JOURNAL,
        seq=3,
        hash=head().hex(),
        pack="e7375fadb16b",
        version="0.1.0",
        free_mb=5120,
        at=MORNING.format(4),
        boot="1a2b3c4d",
        mono=4007000,
        health=protocol.Health(battery=83, charging=False, camera="works", printer="works"),
    )


def bundle() -> bytes:
    header = bundles.BundleHeader(
        journal=JOURNAL,
        device=DEVICE,
        fair="demo",
        hub=HUB,
        certificate=certificate().decode(),
        seq=3,
        hash=head().hex(),
        first=1,
        at=MORNING.format(6),
    )
    stream = io.BytesIO()
    writer = bundles.BundleWriter(stream, header)
    writer.add("batch", batch())
    writer.close(DEVICE_KEY)
    return stream.getvalue()


def slip() -> protocol.Slip:
    return protocol.Slip(
        journal=JOURNAL,
        device=DEVICE,
        hub=HUB,
        fair="demo",
        desk="d01",
        day="2027-03-15",
        first=1,
        last=3,
        hash=head().hex(),
        counts={"quiz.answered": 1, "tally.counted": 1, "tally.undone": 1},
        at=MORNING.format(6),
    )


def receipts() -> bytes:
    said = protocol.BlobReceipt(hub=HUB, journal=JOURNAL, seq=3, missing=[], at=MORNING.format(5))
    return receipt() + protocol.sign_document(said, HUB_KEY)


def held() -> bytes:
    stretch = relaying.Stretch(first=1, last=3, hash=head().hex())
    return protocol.dump(relaying.Held(journal=JOURNAL, stretches=[stretch], blobs=[], receipts=""))


def fair_keys() -> bytes:
    tablet = protocol.TabletKey(desk="d01", public_key=bytes(DEVICE_KEY.verify_key).hex())
    own = hello()
    return protocol.sign_document(
        protocol.FairKeys(
            hub=HUB,
            signing_key=own.signing_key,
            sealing_key=own.sealing_key,
            fair="demo",
            tablets=[tablet],
            at=MORNING.format(7),
        ),
        HUB_KEY,
    )


def case_receipt() -> str:
    filed = case_receipts.Filed("d01", "7KQ2-M0ZRD", MORNING.format(6), "complaint", "pre", "ab" * 32)
    return case_receipts.write(DEVICE_KEY, "demo", filed)


def handoff() -> str:
    return handoffs.write(DEVICE_KEY, DEVICE, handoffs.Handoff(NONCE, 1_805_074_200))


def examples() -> dict[str, bytes]:
    """Name of the block → what stands in it, with the newline a block ends with."""
    journal = f"/sync/v1/journals/{JOURNAL}"
    vouched = protocol.vouch(HUB_KEY, JOURNAL, told())
    auth = protocol.authorise(DEVICE_KEY, DEVICE, "GET", journal, b"")
    return {
        "hello": protocol.dump(hello()) + b"\n",
        "code": protocol.write_code(TOKEN, hello().fingerprint).encode() + b"\n",
        "ticket": tickets.write(URL, protocol.write_code(TOKEN, hello().fingerprint)).encode() + b"\n",
        "waiting": f"{protocol.VOUCH_HEADER}: {word()}\n".encode(),
        "digits": protocol.comparison(enrol(), hello().fingerprint, word()).encode() + b"\n",
        "enrol": protocol.dump(enrol()) + b"\n",
        "certificate": certificate(),
        "authorised": f"GET {journal}?nonce={NONCE}\n{protocol.HEADER}: 1\n{protocol.AUTH_HEADER}: {auth}\n".encode(),
        "vouched": f"{protocol.VOUCH_HEADER}: {vouched}\n".encode(),
        "head": told() + b"\n",
        "batch": batch(),
        "receipt": receipt(),
        "bundle": bundle(),
        "receipts": receipts(),
        "held": held() + b"\n",
        "blob": protocol.dump(protocol.BlobHead(held=protocol.BLOB_PART, whole=False)) + b"\n",
        "slip": protocol.sign_document(slip(), DEVICE_KEY),
        "slip-code": protocol.slip_code(head()).encode() + b"\n",
        "status": protocol.dump(status()) + b"\n",
        "notice": notice(),
        "roster": roster(),
        "keys": fair_keys(),
        "case-receipt": case_receipt().encode() + b"\n",
        "handoff": handoff().encode() + b"\n",
    }


def packed() -> dict[str, bytes]:
    """Examples that are compressed: another zlib writes other bytes, which say the same."""
    return {
        "codes": "".join(f"{part}\n" for part in sequence.write_parts(batch())).encode(),
        "receipt-code": sequence.write_document(sequence.RECEIPT, receipt()).encode() + b"\n",
    }


if __name__ == "__main__":
    for name, text in (examples() | packed()).items():
        sys.stdout.write(f"```text {name}\n{text.decode()}```\n\n")
