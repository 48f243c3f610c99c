"""The catalogue of problems: everything that can go wrong in words a person can act on.

A problem has a stable string code (never reused), an HTTP status, and one sentence in Chinese and in
English. Sentences may hold `{names}` that are filled from the problem's details. Raise `Problem(KIND)`
anywhere; the edges (`web`, `cli.py`) show it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue."""

    code: str  # stable, e.g. "fact.conflict"
    status: int  # HTTP status
    zh: str  # the sentence for the person
    en: str


class Problem(Exception):
    """Something went wrong that a person or a peer can be told about."""

    def __init__(self, kind: Kind, /, **details: object) -> None:
        self.kind = kind
        self.details = details
        super().__init__(f"{kind.code}: {self.sentence('en')}")

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def status(self) -> int:
        return self.kind.status

    def sentence(self, language: str) -> str:
        """The sentence in "zh" or "en", its `{names}` filled from the details."""
        template = self.kind.en if language.startswith("en") else self.kind.zh
        return template.format(**self.details)


CATALOGUE: dict[str, Kind] = {}


def _kind(code: str, status: int, zh: str, en: str) -> Kind:
    if code in CATALOGUE:
        raise ValueError(f"problem code {code} is taken")
    CATALOGUE[code] = Kind(code, status, zh, en)
    return CATALOGUE[code]


# --- requests -------------------------------------------------------------------------------------
PAGE_NOT_FOUND = _kind(
    "page.not_found",
    404,
    "没有这个页面。请回到首页重新选择。",
    "There is no such page. Please go back to the start.",
)
METHOD_NOT_ALLOWED = _kind(
    "request.method",
    405,
    "这个地址不能这样使用。请回到首页重新操作。",
    "This address cannot be used that way. Please start again from the home page.",
)
REQUEST_MALFORMED = _kind(
    "request.malformed",
    400,
    "请求内容无法读取。请返回重试。",
    "The request cannot be read. Please go back and try again.",
)
REQUEST_TOO_LARGE = _kind(
    "request.too_large",
    413,
    "内容太大，没有保存。请缩短后再试。",
    "That is too large and was not saved. Please shorten it and try again.",
)
HOST_FOREIGN = _kind(
    "request.host",
    400,
    "访问地址不对。请使用工作人员给出的网址。",
    "Wrong address. Please use the one the staff gave you.",
)
ORIGIN_FOREIGN = _kind(
    "request.origin",
    403,
    "这个请求来自别的网站，已拒绝。请在本页面重新操作。",
    "This request came from another site and was refused. Please use this page.",
)
FIELD_UNKNOWN = _kind(
    "field.unknown",
    400,
    "表单里有不认识的内容（{field}），没有保存。请刷新后重填。",
    "The form holds something unknown ({field}); nothing was saved. Reload and try again.",
)
FIELD_MISSING = _kind(
    "field.missing",
    400,
    "还缺一项内容（{field}），没有保存。请补填后再提交。",
    "Something is missing ({field}); nothing was saved. Please fill it in.",
)
FIELD_REPEATED = _kind(
    "field.repeated",
    400,
    "有一项内容出现了两次（{field}），没有保存。请刷新后重填。",
    "Something was sent twice ({field}); nothing was saved. Reload and try again.",
)
FIELD_INVALID = _kind(
    "field.invalid",
    400,
    "有一项内容不对（{field}），没有保存。请检查后再提交。",
    "Something is not right ({field}); nothing was saved. Please check it.",
)
JSON_MALFORMED = _kind("json.malformed", 400, "数据格式不对：{reason}。", "The data is not well formed: {reason}.")
TOO_MANY_REQUESTS = _kind(
    "request.too_many",
    429,
    "操作太频繁，请稍等一会儿再试。",
    "Too many attempts. Please wait a little and try again.",
)
INTERNAL = _kind(
    "internal",
    500,
    "系统出了问题，刚才的操作可能没有保存。请告诉工作人员。",
    "Something broke; your last action may not have been saved. Please tell the staff.",
)

# --- facts and journals ---------------------------------------------------------------------------
FACT_CONFLICT = _kind(
    "fact.conflict",
    409,
    "这条记录已经用别的内容保存过，没有改动。请刷新页面。",
    "This record was already saved with other content and was left as it is. Please reload.",
)
FACT_MALFORMED = _kind("fact.malformed", 400, "记录的格式不对：{reason}。", "The fact is not well formed: {reason}.")
FACT_UNKNOWN_KIND = _kind(
    "fact.unknown_kind",
    400,
    "不认识的记录种类：{kind} 第 {version} 版。",
    "Unknown kind of fact: {kind} version {version}.",
)
FACT_NOT_ALLOWED = _kind("fact.not_allowed", 403, "这台设备不能记录 {kind}。", "This device may not record {kind}.")
JOURNAL_UNSAFE = _kind(
    "journal.unsafe",
    500,
    "本机数据库的写入设置不可靠（{reason}），已停止启动。",
    "The database is not set up safely ({reason}); refusing to start.",
)
JOURNAL_DAMAGED = _kind(
    "journal.damaged",
    500,
    "本机流水已损坏（第 {seq} 条），已停止记录。请联系组织者换一台平板。",
    "The journal is damaged (at fact {seq}); recording has stopped. Ask for another tablet.",
)
JOURNAL_LOCKED = _kind(
    "journal.locked",
    503,
    "本机流水正被另一个程序使用。请关掉另一个展台程序再试。",
    "Another program is using this journal. Close the other booth program and try again.",
)
STORAGE_FULL = _kind(
    "storage.full",
    507,
    "平板存储已满，刚才这一下没有记上。请马上告诉组织者。",
    "Storage is full; that tap was not recorded. Please tell the organiser at once.",
)
STORAGE_FAILED = _kind(
    "storage.failed",
    503,
    "没有写入成功，刚才这一下没有记上。请再试一次。",
    "It could not be written; that tap was not recorded. Please try again.",
)
UNDO_TOO_LATE = _kind(
    "tally.undo_too_late", 409, "已过撤销时间。请告诉组织者。", "Too late to undo. Please tell the organiser."
)
UNDO_NOTHING = _kind("tally.undo_nothing", 404, "没有找到要撤销的那一下。", "There is no such tap to undo.")

# --- booths, enrolment and keys -------------------------------------------------------------------
BOOTH_EXISTS = _kind("booth.exists", 409, "这个文件夹里已经有一个展台。", "There is a booth in this folder already.")
BOOTH_MISSING = _kind(
    "booth.missing",
    404,
    "这个文件夹里还没有展台，请先运行 kiosk booth init。",
    "There is no booth in this folder yet; run `kiosk booth init` first.",
)
BOOTH_UNENROLLED = _kind(
    "booth.unenrolled",
    503,
    "这台平板还没有登记到活动，请工作人员先完成登记。",
    "This tablet is not enrolled in a fair yet. Please ask the staff to enrol it.",
)
BOOTH_ENROLLED = _kind("booth.enrolled", 409, "这台平板已经登记过了。", "This tablet is enrolled already.")
ENROL_CODE = _kind(
    "enrol.code",
    403,
    "登记码不对、已用过或已过期。请在汇总端重新生成一个。",
    "The code is wrong, used or expired. Please make a new one at the hub.",
)
ENROL_PROOF = _kind("enrol.proof", 400, "登记请求的签名不对。", "The enrolment request is not properly signed.")
ENROL_KNOWN = _kind(
    "enrol.known",
    409,
    "这台平板的流水已经登记过。请用原来的登记码再试一次，或者在新文件夹里重新 kiosk booth init。",
    "This tablet's journal is enrolled already. Try again with the first code, or make a new folder.",
)
ENROL_FINGERPRINT = _kind(
    "enrol.fingerprint",
    409,
    "汇总端的密钥指纹与登记码里的不一致，已停止登记。请核对网址。",
    "The hub's key does not match the one in the code; enrolment stopped. Check the address.",
)
PIN_WRONG = _kind("staff.pin_wrong", 403, "PIN 不对，请再试一次。", "Wrong PIN. Please try again.")
PIN_LOCKED = _kind(
    "staff.pin_locked",
    429,
    "输错次数太多，请 {seconds} 秒后再试。问答和识假照常使用。",
    "Too many wrong tries; wait {seconds} seconds. The quiz and the gallery go on as usual.",
)
STAFF_ONLY = _kind(
    "staff.only",
    403,
    "这一页只给工作人员用，请先输入 PIN。",
    "This page is for staff; please enter your PIN.",
)

# --- packs ----------------------------------------------------------------------------------------
PACK_FAULTY = _kind("pack.faulty", 422, "内容包有 {count} 处错误：\n{faults}", "The pack has {count} faults:\n{faults}")
EXHIBIT_UNKNOWN = _kind("gallery.unknown", 404, "没有这件展品。", "There is no such exhibit.")

# --- complaints -----------------------------------------------------------------------------------
DRAFT_UNKNOWN = _kind(
    "complaint.draft_unknown",
    404,
    "没有找到这份没填完的登记，可能码不对或已过当天。",
    "No unfinished form with that code; it may be wrong or from another day.",
)
COMPLAINT_EXPOSED = _kind(
    "complaint.exposed",
    403,
    "这个网址没有加密，不能在这里填个人信息。请找志愿者登记，或拨打12315。",
    "This address is not encrypted, so no personal data may be typed here. Please ask a volunteer, or call 12315.",
)
CASE_UNKNOWN = _kind("case.unknown", 404, "没有这个编号的投诉。", "There is no complaint with that number.")
SEAL_BROKEN = _kind("seal.broken", 422, "加密内容打不开：{reason}。", "The sealed content cannot be opened: {reason}.")
SEAL_MISSING = _kind(
    "seal.missing",
    422,
    "这件投诉的内容还在平板上，没有传到。请等平板联网后再打开。",
    "The content of this complaint is still on its tablet. Please open it once the tablet has been online.",
)
SEAL_LOCKED = _kind(
    "seal.locked",
    423,
    "您的账号没有打开投诉内容的钥匙。请由有办案权限的人员登录。",
    "Your account holds no key to complaints. A caseworker has to sign in.",
)

# --- sync -----------------------------------------------------------------------------------------
SYNC_HEADER = _kind("sync.header", 400, "这个地址只供展台程序使用。", "This address is for booths only.")
SYNC_VERSION = _kind(
    "sync.version",
    400,
    "协议版本不同，请升级较旧的一方。",
    "Different protocol versions; upgrade the older side.",
)
SYNC_MALFORMED = _kind("sync.malformed", 400, "批次格式不对：{reason}。", "The batch is not well formed: {reason}.")
SYNC_SIGNATURE = _kind(
    "sync.signature", 403, "签名不对，没有收下任何内容。", "The signature is wrong; nothing was taken in."
)
SYNC_DEVICE = _kind("sync.device", 403, "不认识这台设备，没有收下任何内容。", "Unknown device; nothing was taken in.")
SYNC_ADDRESSEE = _kind(
    "sync.addressee",
    409,
    "这个批次是发给别的汇总端或别的活动的，没有收下。",
    "This batch is for another hub or fair; nothing was taken in.",
)
SYNC_UNREACHABLE = _kind(
    "sync.unreachable",
    503,
    "连不上汇总端（{reason}）。记录都在本机，稍后会再传。",
    "The hub cannot be reached ({reason}). Everything is kept here and will be sent later.",
)
SYNC_REFUSED = _kind(
    "sync.refused",
    502,
    "汇总端没有收下：{reason}。记录都在本机。",
    "The hub refused: {reason}. Everything is kept here.",
)
SYNC_RECEIPT = _kind(
    "sync.receipt",
    502,
    "汇总端的回执不可信（{reason}），不算已上传。",
    "The hub's receipt cannot be trusted ({reason}); nothing counts as sent.",
)
SYNC_INCOMPLETE = _kind(
    "sync.incomplete", 502, "还有 {unsent} 条没有得到回执。", "{unsent} facts are still without a receipt."
)
JOURNAL_FORKED = _kind(
    "journal.forked",
    409,
    "这台平板的流水与汇总端的不一致（从第 {seq} 条起分叉），请联系组织者。",
    "This journal differs from the hub's (it forks at fact {seq}). Please call the organiser.",
)
BLOB_MISMATCH = _kind(
    "sync.blob_mismatch",
    400,
    "加密附件与它的名字不符，没有收下。",
    "The sealed blob does not match its name.",
)

# --- hub ------------------------------------------------------------------------------------------
HUB_EXISTS = _kind("hub.exists", 409, "这里已经有一个汇总端。", "There is a hub here already.")
HUB_MISSING = _kind(
    "hub.missing",
    404,
    "这里还没有汇总端，请先运行 kiosk hub init。",
    "There is no hub here yet; run `kiosk hub init` first.",
)
HUB_UNSUPPORTED = _kind(
    "hub.extra_missing", 500, "汇总端需要安装 kiosk315[hub]。", "The hub needs `pip install kiosk315[hub]`."
)
HUB_DATABASE = _kind(
    "hub.database",
    503,
    "汇总端的数据库打不开（{reason}）。请检查 --database 或 DATABASE_URL。",
    "The hub's database cannot be opened ({reason}). Check --database or DATABASE_URL.",
)
FAIR_UNKNOWN = _kind("fair.unknown", 404, "没有这个活动：{fair}。", "There is no fair {fair}.")
FAIR_AMBIGUOUS = _kind(
    "fair.ambiguous",
    400,
    "有不止一个活动，请用 --fair 指明：{fairs}。",
    "There is more than one fair; name one with --fair: {fairs}.",
)
FAIR_EXISTS = _kind("fair.exists", 409, "已经有这个活动：{fair}。", "There is a fair {fair} already.")
DESK_UNKNOWN = _kind("desk.unknown", 404, "没有这个服务台：{desk}。", "There is no desk {desk}.")
FORM_STALE = _kind(
    "login.stale", 403, "这一页已经过期，请刷新后再操作。", "This page is out of date. Please reload it first."
)
LOGIN_WRONG = _kind("login.wrong", 403, "用户名或密码不对。", "Wrong name or password.")
PERSON_EXISTS = _kind("person.exists", 409, "已经有叫 {name} 的账号。", "There is an account named {name} already.")
LOGIN_NEEDED = _kind("login.needed", 401, "请先登录。", "Please sign in first.")
ROLE_NEEDED = _kind("login.role", 403, "您的账号没有这项权限。", "Your account may not do this.")
VERIFY_FAILED = _kind(
    "hub.verify_failed",
    500,
    "核验发现 {count} 处问题：\n{faults}",
    "Verification found {count} faults:\n{faults}",
)
FILE_UNUSABLE = _kind("file.unusable", 500, "文件用不了：{reason}。", "A file cannot be used: {reason}.")
CONFIG_INVALID = _kind(
    "config.invalid", 500, "配置有误（{source}）：{reason}。", "Faulty configuration ({source}): {reason}."
)
