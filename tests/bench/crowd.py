"""Phones around one booth: they scan its code, and answer in the same moment."""

import re
import selectors
import time
from dataclasses import dataclass, field
from functools import cache

import zxingcpp
from PIL import Image

from kiosk.packs.quizzes import Question
from kiosk.packs.reader import BUILTIN, read_pack
from tests.bench import load

_PATIENCE = 60
_MODULE = re.compile(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)H")


@dataclass
class Phone:
    """One phone; it always chooses what is right. Between two answers its connection has been closed by the server."""

    port: int
    root: str = "/m"  # empty: it is no phone but the tablet
    connection: load.Connection | None = None
    cookie: str = ""
    page: str = ""
    ids: list[str] = field(default_factory=list)  # of the facts it was told were kept
    milliseconds: list[float] = field(default_factory=list)  # from an answer sent to its explanation shown

    def connects(self) -> load.Connection:
        self.hangs_up()
        self.connection = load.Connection(self.port)
        return self.connection

    def hangs_up(self) -> None:
        if self.connection is not None:
            self.connection.socket.close()

    def get(self, path: str) -> None:
        answer = self.connects().ask(load.page(path, self.cookie))
        if answer.status != 200:
            raise ConnectionError(f"{answer.status}: {answer.body[:300]!r}")
        self.page = answer.body.decode()

    def post(self, path: str, **values: str) -> load.Answer:
        answer = self.connects().ask(load.form(path, values, self.cookie))
        if answer.status != 303:
            raise ConnectionError(f"{answer.status}: {answer.body[:300]!r}")
        return answer

    def arrives(self, path: str) -> None:
        """Scan, touch, and have the first question."""
        self.get(path)
        answer = self.post("/m/take", word=path.rpartition("/")[2], phone=self.hidden("phone"))
        self.cookie = load.cookie_in(answer, "phone")
        self.get("/m/quiz")

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, self.page
        return found[1]

    def makes_up_its_mind(self) -> bytes:
        """The answer, ready to be sent; of several touches all but the last are done."""
        question = questions()[self.hidden("question")]
        values = {"id": re.findall(r'name="id" value="([^"]*)"', self.page)[0], "question": question.id}
        if question.takes_several:
            for option in question.answer:
                self.post(f"{self.root}/quiz/pick", question=question.id, option=option, on="1")
        else:
            values["option"] = question.answer[0]
        self.ids.append(values["id"])
        return load.form(f"{self.root}/quiz/answer", values, self.cookie)

    def goes_on(self) -> None:
        self.post(f"{self.root}/quiz/next", question=self.hidden("question"))
        self.get(f"{self.root}/quiz")


class Player(Phone):
    """Somebody at the tablet who plays on and on, over one connection."""

    def __init__(self, port: int) -> None:
        super().__init__(port, root="")
        self.cookie = load.cookie_in(load.ask(port, load.get("/quiz")), "visit")

    def connects(self) -> load.Connection:
        if self.connection is None:
            self.connection = load.Connection(self.port)
        return self.connection

    def answers(self, seconds: float) -> float:
        """Answers a second, each with the page that explains it; what lies between two answers is not counted."""
        self.connection, done, spent = None, 0, 0.0
        while spent < seconds:
            self.get("/quiz")
            request = self.makes_up_its_mind()
            start = time.perf_counter()
            answer = self.connects().ask(request)
            self.get("/quiz")
            spent += time.perf_counter() - start
            assert (answer.status, "why-right" in self.page) == (303, True)
            done += 1
            self.goes_on()
            if 'class="result' in self.page:
                self.post("/quiz/start", mode="challenge")
        self.hangs_up()
        return done / spent


def taps_with_page(port: int, tap: load.Request, seconds: float) -> float:
    """The same of the floor: a durable touch, and a page."""
    page, done = load.get("/")(), 0
    with load.Connection(port) as connection:
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for request in (tap(), page):
                assert connection.ask(request).status == 200
            done += 1
    return done / spent


@cache
def questions() -> dict[str, Question]:
    return read_pack(BUILTIN).question_by_id


def address_shown(port: int) -> str:
    """The path in the code on the tablet's attract page, read as a phone reads it."""
    return address_in(load.ask(port, load.get("/")).body.decode())


def address_in(page: str) -> str:
    """The path in the code on a page."""
    squares = [tuple(map(float, found)) for found in _MODULE.findall(page.partition('class="qr"')[2])]
    size = int(max(bottom for *_, bottom in squares)) + 8
    picture = Image.new("L", (8 * size, 8 * size), 255)
    for left, top, right, bottom in squares:
        picture.paste(0, (int(left * 8), int(top * 8), int(right * 8), int(bottom * 8)))
    [code] = zxingcpp.read_barcodes(picture)
    return "/" + code.text.split("/", 3)[3]


def gather(port: int, phones: int) -> list[Phone]:
    path = address_shown(port)
    found = [Phone(port) for _ in range(phones)]
    for phone in found:
        phone.arrives(path)
    return found


def answer_at_once(phones: list[Phone]) -> float:
    """All answer in the same moment, and look at what it says; returns the seconds it took to send all."""
    requests = [phone.makes_up_its_mind() for phone in phones]
    waiting, sent = selectors.DefaultSelector(), {}
    start = time.perf_counter()
    for phone, request in zip(phones, requests, strict=True):
        sent[id(phone)] = time.perf_counter()
        # Only now: a server hangs up on those that are there and say nothing, and a crowd may take its time.
        waiting.register(phone.connects().socket, selectors.EVENT_READ, phone)
        phone.connection.socket.sendall(request)
    spread = time.perf_counter() - start
    left = len(phones)
    while left:
        for key, _ in waiting.select(_PATIENCE):
            phone: Phone = key.data
            answer = phone.connection.receive()
            if answer is None:
                continue
            if answer.status == 303:
                phone.connection.socket.sendall(load.page("/m/quiz", phone.cookie))
                continue
            if answer.status != 200:
                raise ConnectionError(f"{answer.status}: {answer.body[:300]!r}")
            phone.page = answer.body.decode()
            phone.milliseconds.append((time.perf_counter() - sent[id(phone)]) * 1000)
            left -= 1
    waiting.close()
    return spread
