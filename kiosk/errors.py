"""The catalogue of problems: everything that can go wrong in words a person can act on.

A problem has a stable string code (never reused), an HTTP status, and one sentence in Chinese and in
English. Sentences may hold `{names}` that are filled from the problem's details. Raise `Problem(KIND)`
anywhere; the edges (`web`, `cli.py`) show it.
"""

import msgspec


class Kind(msgspec.Struct, frozen=True):
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
REMOTE_REFUSED = _kind(
    "request.remote",
    403,
    "这个页面只能在平板上打开。请用手机扫平板上的二维码。",
    "This page opens on the tablet only. With a phone, scan the code on the tablet.",
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
FACT_DISMISSED = _kind(
    "fact.dismissed",
    409,
    "有人看过这条记录，决定不计入。",
    "A person looked at this record and decided that it does not count.",
)
DEVICE_REVOKED = _kind(
    "device.revoked",
    403,
    "这台平板已停用，此后的记录不计入。请联系组织者。",
    "This tablet was withdrawn; what it records from then on does not count. Please call the organiser.",
)
DEVICE_EXPIRED = _kind(
    "device.expired",
    403,
    "这台平板的证书已过期，此后收到的记录不计入。请联系组织者。",
    "This tablet's certificate has run out; what arrives after that does not count. Please call the organiser.",
)
JOURNAL_UNSAFE = _kind(
    "journal.unsafe",
    500,
    "本机数据库的写入设置不可靠（{reason}），已停止启动。",
    "The database is not set up safely ({reason}); refusing to start.",
)
JOURNAL_DAMAGED = _kind(
    "journal.damaged",
    500,
    "本机流水从第 {seq} 条起损坏或无法核对，已停止记录。请换一台平板，并把这台交给组织者导出。",
    "The journal is damaged or cannot be checked from fact {seq} on; recording has stopped. "
    "Take another tablet, and give this one to the organiser.",
)
JOURNAL_RESTORED = _kind(
    "journal.restored",
    409,
    "这份数据是较早的备份：本机已经记到第 {seq} 条，文件里没有这一条。已停止记录，请换一个新文件夹重新登记。",
    "This is an older copy of the data: the tablet had come as far as fact {seq}, which the file does not hold. "
    "Recording has stopped; enrol afresh in a new folder.",
)
JOURNAL_NEWER = _kind(
    "journal.newer",
    500,
    "本机数据来自更新的程序版本，已停止记录。请升级这台平板上的程序。",
    "The data comes from a newer release of the program; recording has stopped. Please upgrade this tablet.",
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
STORAGE_LOW = _kind(
    "storage.low",
    507,
    "平板存储快满，只留给计数，投诉内容没有保存。请改填纸质登记表，或拨打12315。",
    "Storage is nearly full and kept for counting; the complaint was not saved. "
    "Please use a paper form, or call 12315.",
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
BOOTH_SERVING = _kind(
    "booth.serving",
    409,
    "另一个展台程序正在使用这个文件夹。请先把那一个关掉。",
    "Another program is serving the booth in this folder already; stop that one first.",
)
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
ENROL_WAITING = _kind(
    "enrol.waiting",
    409,
    "已收到登记请求，正在等组织者在汇总端核对六位数。",
    "The request has arrived; the organiser has yet to compare the six digits at the hub.",
)
ENROL_REJECTED = _kind(
    "enrol.rejected",
    403,
    "组织者在汇总端作废了这次登记。请重新生成登记码，再登记一次。",
    "The organiser turned this enrolment down. Please make a new code and enrol again.",
)
ENROL_SETTLED = _kind(
    "enrol.settled",
    409,
    "这条登记请求已经处理过了。请刷新页面。",
    "This request has been dealt with already. Please reload the page.",
)
ENROL_UNREACHABLE = _kind(
    "enrol.unreachable",
    503,
    "连不上汇总端（{reason}）。请核对网址和网络。",
    "The hub cannot be reached ({reason}). Please check the address and the network.",
)
ENROL_NO_HUB = _kind(
    "enrol.no_hub",
    502,
    "这个网址上没有汇总端。请核对网址。",
    "There is no hub at this address. Please check it.",
)
ENROL_DATES = _kind(
    "enrol.dates",
    409,
    "证书只在 {start} 至 {end} 有效，汇总端的时间是 {now}。请组织者重新生成登记码。",
    "The certificate is valid from {start} to {end} and the hub's clock says {now}. Ask for a new code.",
)
BOOTH_REVOKED = _kind(
    "booth.revoked",
    403,
    "这台平板已停用，不再记录。请把它交给组织者，换一台平板。",
    "This tablet was withdrawn and records no more. Please give it to the organiser and take another.",
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
IMPORT_FAULTY = _kind(
    "import.faulty",
    422,
    "这个文件有 {count} 处要改，什么都没有保存：\n{faults}",
    "The file has {count} things to mend; nothing was saved:\n{faults}",
)
IMPORT_FORMAT = _kind(
    "import.format",
    400,
    "文件名要以 .xlsx、.gift 或 .txt 结尾：{file}。",
    "The name has to end in .xlsx, .gift or .txt: {file}.",
)
IMPORT_NO_WORKBOOKS = _kind(
    "import.no_workbooks",
    501,
    "这台机器没有装 openpyxl，不能读写 .xlsx。请在汇总端上做，或安装 kiosk315[hub]。",
    "openpyxl is not installed here, so .xlsx cannot be read or written; do it at the hub, or install kiosk315[hub].",
)
PRIZE_NONE_LEFT = _kind(
    "prize.none_left",
    409,
    "奖品已经发完了，谢谢您来答题。",
    "The prizes have all been given out. Thank you for playing.",
)
PHONE_TAKEN = _kind(
    "phone.taken",
    409,
    "另一部手机已经扫过这个码。请再扫一次平板上的码，另答一套题。",
    "Another phone has used this code. Scan the tablet again for a quiz of your own.",
)
PHONE_EXPIRED = _kind(
    "phone.expired",
    410,
    "这个码已经过期。请再扫一次平板上的码。",
    "This code has run out. Please scan the one on the tablet again.",
)
PRIZE_PACE = _kind(
    "prize.pace",
    409,
    "这个小时的奖品发完了，请过一会儿再来。",
    "This hour's prizes are given out. Please come again a little later.",
)
PRIZE_HASTY = _kind(
    "prize.hasty",
    409,
    "答得太快，这次没有奖品。看清题目再答一次吧。",
    "That was too fast for a prize. Please read the questions and play again.",
)
PRIZE_UNKNOWN = _kind(
    "prize.unknown",
    404,
    "这台平板没有发过这个券号。请核对，或看券上写的是哪个服务台。",
    "This tablet issued no such voucher. Check the code, or see which desk the voucher names.",
)
PRIZE_ELSEWHERE = _kind(
    "prize.elsewhere",
    409,
    "这张券是 {desk} 号服务台的另一台平板发的，请到那里兑奖。",
    "This voucher was issued by another tablet, at desk {desk}. Please redeem it there.",
)
PRIZE_FORGED = _kind(
    "prize.forged",
    409,
    "这个二维码不是这台平板签发的。请不要发奖，让对方出示原来的那一页。",
    "This QR code was not signed by this tablet. Give nothing, and ask to see the page it was shown on.",
)
PRIZE_USED = _kind(
    "prize.used",
    409,
    "这张券已经用过了：{at}，在 {desk} 号服务台兑的奖。",
    "This voucher was used before: at {at}, at desk {desk}.",
)
PRIZE_EXPIRED = _kind(
    "prize.expired", 409, "这张券是 {day} 的，只在当天有效。", "This voucher is of {day} and was good on that day only."
)
LOT_OPEN = _kind(
    "lot.open",
    409,
    "上一轮抽奖还没有开奖，请先把它开完。",
    "The draw before has not been drawn yet. Please finish it first.",
)
LOT_TOO_MANY = _kind(
    "lot.too_many",
    409,
    "这种奖品还能抽出 {left} 份，请少抽几份。",
    "There are {left} left of this prize. Please draw fewer.",
)
LOT_STATE = _kind(
    "lot.state",
    409,
    "这轮抽奖还不到这一步，或已经过了。请回到抽奖页看看。",
    "This draw is not at that step, or past it. Please go back to the page of draws.",
)
LOT_UNKNOWN = _kind("lot.unknown", 404, "没有这轮抽奖。", "There is no such draw.")
LOT_SHEET = _kind(
    "lot.sheet",
    400,
    "读不懂这份抽奖单：{reason}。请用抽奖页上“下载”的那个文件。",
    "This is no sheet of a draw: {reason}. Take the file that the page of the draw offers.",
)
BOARD_OFF = _kind("board.off", 404, "这次活动没有光荣榜。", "This fair has no leaderboard.")
BOARD_REFUSED = _kind(
    "board.refused",
    409,
    "这一轮不能上榜。请看清题目再答一次。",
    "This play cannot join the board. Please read the questions and play again.",
)
EXHIBIT_UNKNOWN = _kind("gallery.unknown", 404, "没有这件展品。", "There is no such exhibit.")

# --- photos, and exhibits made of them ----------------------------------------------------------------
PHOTO_EMPTY = _kind(
    "photo.empty", 422, "这张照片是空的。请重新拍一张。", "The photo is empty. Please take another one."
)
PHOTO_LARGE = _kind(
    "photo.large",
    413,
    "照片文件太大，最多 {limit} MB。请把相机的像素调低再拍，或者就在这一页上拍。",
    "The photo is too large a file: at most {limit} MB. Take a smaller one, or take it on this page.",
)
PHOTO_FORMAT = _kind(
    "photo.format",
    422,
    "只收 JPEG、PNG、WebP 照片。苹果手机请在“设置-相机-格式”里选“兼容性最佳”再拍，或者就在这一页上拍。",
    "Only JPEG, PNG and WebP photos. On an iPhone choose Settings, Camera, Formats, Most Compatible; "
    "or take it on this page.",
)
PHOTO_PIXELS = _kind(
    "photo.pixels",
    422,
    "照片的像素太多，最多 {limit} 百万。请把相机的像素调低再拍，或者就在这一页上拍。",
    "The photo has too many pixels: at most {limit} million. Take a smaller one, or take it on this page.",
)
PHOTO_SMALL = _kind(
    "photo.small",
    422,
    "照片太小或太窄：短边至少 {shortest} 像素，长边不超过短边的 {slimmest} 倍。请重新拍一张。",
    "The photo is too small or too slim: at least {shortest} pixels on the shorter side, at most {slimmest} times as "
    "long as wide. Please take another one.",
)
PHOTO_MOVING = _kind(
    "photo.moving", 422, "这是会动的图，不是照片。请重新拍一张。", "That is a moving picture. Please take a photo."
)
PHOTO_BROKEN = _kind(
    "photo.broken",
    422,
    "这张照片读不出来，文件可能没有存完整。请重新拍一张。",
    "The photo cannot be read; the file may have been cut short. Please take another one.",
)
BROUGHT_MANY = _kind(
    "brought.many",
    409,
    "这台平板上的自制展品已有 {limit} 件。请先删去不用的。",
    "This tablet has {limit} exhibits of its own already. Please delete one first.",
)
BROUGHT_ROOM = _kind(
    "brought.room",
    507,
    "平板存储快满，只留给计数，展品没有保存。请告诉组织者。",
    "Storage is nearly full and kept for counting; the exhibit was not saved. Please tell the organiser.",
)
BROUGHT_PUBLIC = _kind(
    "brought.public",
    409,
    "这件展品正在展出，不能改。请先撤下。",
    "This exhibit is on show and cannot be changed. Please withdraw it first.",
)
BROUGHT_REGIONS = _kind(
    "brought.regions",
    422,
    "请在照片上标出 1 到 {limit} 处，每一处都要在照片里面，也不要太小。",
    "Mark 1 to {limit} places on the photo, all of them inside it and not too small.",
)
BROUGHT_WORDS = _kind(
    "brought.words",
    422,
    "还不能往下走：名称、每一处哪里不对、怎么看，都要写中文；字数也不能超过。",
    "Not yet: the name, and for every place what is wrong and how to check, need words in Chinese, and not too many.",
)
BROUGHT_CHANGED = _kind(
    "brought.changed",
    409,
    "这件展品刚刚被改过，没有展出。请把现在的内容再看一遍。",
    "This exhibit was changed a moment ago and is not on show. Please look at it once more.",
)
CARD_UNKNOWN = _kind(
    "card.unknown",
    404,
    "没有这个编号的展品。请看看卡片上的号码。",
    "There is no exhibit with that number. Please look at the card again.",
)

# --- complaints -----------------------------------------------------------------------------------
DRAFT_UNKNOWN = _kind(
    "complaint.draft_unknown",
    404,
    "没有找到这份没填完的登记，可能码不对或已过当天。",
    "No unfinished form with that code; it may be wrong or from another day.",
)
DRAFT_UNKEPT = _kind(
    "complaint.draft_unkept",
    503,
    "这一页现在存不下。请不要离开，接着填完提交；续填码暂时不管用。",
    "This page cannot be kept just now. Please stay and finish it; the code to resume does not work for the moment.",
)
COMPLAINT_UNOPENABLE = _kind(
    "complaint.unopenable",
    409,
    "这台平板封好的投诉在汇总端打不开，没有登记。请改填纸质登记表，或拨打12315，并告诉组织者。",
    "What this tablet seals cannot be opened at the hub; nothing was filed. "
    "Please use a paper form or call 12315, and tell the organiser.",
)
COMPLAINT_EXPOSED = _kind(
    "complaint.exposed",
    403,
    "这个网址没有加密，不能在这里填个人信息。请找志愿者登记，或拨打12315。",
    "This address is not encrypted, so no personal data may be typed here. Please ask a volunteer, or call 12315.",
)
CASE_UNKNOWN = _kind("case.unknown", 404, "没有这个编号的投诉。", "There is no complaint with that number.")
SEAL_BROKEN = _kind("seal.broken", 422, "加密内容打不开：{reason}。", "The sealed content cannot be opened: {reason}.")
SEAL_ELSEWHERE = _kind(
    "seal.elsewhere",
    422,
    "这件投诉是加密给举办活动的汇总端的，只能在那里打开。",
    "This complaint is sealed to the hub the fair is run at, and opens only there.",
)
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
SYNC_BRANCHES = _kind(
    "sync.branches",
    409,
    "这台平板的流水已分成太多支，多出来的没有收下，也没有签收。请联系组织者停用这台平板。",
    "This tablet's journal has parted into too many branches; one more was not taken in and not confirmed. "
    "Please ask the organiser to withdraw the tablet.",
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
    "这台平板的流水与汇总端的不一致（从第 {seq} 条起分叉），此后的记录可能不计入。"
    "请停用这台平板，联系组织者；要接着用，请在新文件夹里重新登记。",
    "This journal differs from the hub's (it forks at fact {seq}); what it records from there on may not count. "
    "Stop using this tablet and call the organiser; to go on with it, enrol it afresh in a new folder.",
)
SYNC_QUOTA = _kind(
    "sync.quota",
    413,
    "这台平板送来的加密内容里，没有记录对应的太多，没有收下。请先把它的记录送到这里。",
    "Too much sealed content of this tablet is here that no counted record names. Bring its records first.",
)
BLOB_MISMATCH = _kind(
    "sync.blob_mismatch",
    400,
    "加密附件与它的名字不符，没有收下。",
    "The sealed blob does not match its name.",
)

SYNC_BUSY = _kind(
    "sync.busy",
    503,
    "汇总端正忙，请 {seconds} 秒后再试。记录都在本机。",
    "The hub is busy and asks to wait {seconds} seconds. Everything is kept here.",
)

# --- other roads ----------------------------------------------------------------------------------
BUNDLE_MALFORMED = _kind(
    "bundle.malformed",
    400,
    "这个数据包不完整或格式不对（{reason}），没有收下任何内容。请从平板重新导出。",
    "The bundle is not whole or not well formed ({reason}); nothing was taken in. Export it from the tablet again.",
)
BUNDLE_DAMAGED = _kind(
    "bundle.damaged",
    400,
    "这个数据包的内容与写入时不同，没有收下任何内容。请从平板重新导出。",
    "The bundle's bytes are not those that were written; nothing was taken in. Export it from the tablet again.",
)
RECEIPTS_MALFORMED = _kind(
    "receipts.malformed",
    400,
    "回执文件格式不对（{reason}），不算已上传。请向汇总端重新要一份。",
    "The file of receipts is not well formed ({reason}); nothing counts as sent. Ask the hub for it again.",
)
RECEIPTS_ABSENT = _kind(
    "receipts.absent",
    404,
    "这些文件里没有给这台平板的回执。请确认汇总端已导入这台平板的数据包。",
    "No receipt for this tablet is in there. Make sure that the hub has imported this tablet's bundle.",
)
RECEIPTS_NONE = _kind(
    "receipts.none",
    404,
    "没有这样的平板，没有写回执。请检查活动和流水编号。",
    "There is no such tablet, and no receipt was written. Check the fair and the journal.",
)
SEQUENCE_MALFORMED = _kind(
    "sequence.malformed",
    400,
    "这个二维码不属于本系统（{reason}）。请对准平板上正在轮换的二维码。",
    "This QR code is not one of ours ({reason}). Point at the codes that take turns on the tablet.",
)
SEQUENCE_FOREIGN = _kind(
    "sequence.foreign",
    409,
    "这个二维码属于另一组，没有收下。请先扫完这一组，或重新开始。",
    "This QR code belongs to another sequence and was passed over. Finish this one first, or start again.",
)
SEQUENCE_DAMAGED = _kind(
    "sequence.damaged",
    400,
    "这组二维码拼起来与原来不符，已全部清掉，请重新扫。",
    "The codes do not add up to what was shown; all of them were dropped. Please scan again.",
)
SEQUENCE_TOO_LONG = _kind(
    "sequence.too_long",
    413,
    "内容太多，二维码放不下。请改用U盘或联网上传。",
    "That is too much for QR codes. Use a stick or a network.",
)
RELAY_EXISTS = _kind("relay.exists", 409, "这个文件夹里已经有一个中转站。", "There is a relay in this folder already.")
RELAY_MISSING = _kind(
    "relay.missing",
    404,
    "这个文件夹里还没有中转站，请先运行 kiosk relay init。",
    "There is no relay in this folder yet; run `kiosk relay init` first.",
)
RELAY_RUNNING = _kind(
    "relay.running",
    409,
    "已有一个程序在用这个中转站的文件夹，请先把它关掉。",
    "Another program is using this relay's folder. Stop that one first.",
)
RELAY_FINGERPRINT = _kind(
    "relay.fingerprint",
    409,
    "汇总端的指纹与给出的不一致，中转站没有建立。请核对网址和指纹（kiosk hub fingerprint）。",
    "The hub's fingerprint is not the one given; no relay was made. Check both (`kiosk hub fingerprint`).",
)
RELAY_FULL = _kind(
    "relay.full",
    507,
    "中转站已满，没有收下。记录都在平板里；请尽快让中转站连上汇总端。",
    "The relay is full and took nothing in. Everything is kept on the tablet; get the relay to the hub soon.",
)
RELAY_BUSY = _kind(
    "relay.busy",
    503,
    "中转站正忙，没有收下。记录都在平板里，稍后会再传。",
    "The relay is busy and took nothing in. Everything is kept on the tablet and will be sent later.",
)
RELAY_UNREACHABLE = _kind(
    "relay.unreachable",
    503,
    "汇总端和中转站都连不上（{reason}）。记录都在本机，稍后会再传。",
    "Neither the hub nor the relay can be reached ({reason}). Everything is kept here and will be sent later.",
)
RELAY_REFUSED = _kind(
    "relay.refused",
    502,
    "中转站没有收下：{reason}。记录都在本机。",
    "The relay took nothing in: {reason}. Everything is kept here.",
)

# --- hub ------------------------------------------------------------------------------------------
HUB_EXISTS = _kind("hub.exists", 409, "这里已经有一个汇总端。", "There is a hub here already.")
HUB_MISSING = _kind(
    "hub.missing",
    404,
    "这里还没有汇总端，请先运行 kiosk hub init。",
    "There is no hub here yet; run `kiosk hub init` first.",
)
BACKUP_PASSWORD = _kind(
    "backup.password",
    403,
    "备份的密码不对，什么都没有恢复。",
    "Wrong password for this backup; nothing was restored.",
)
BACKUP_PASSWORD_SHORT = _kind(
    "backup.password_short",
    422,
    "备份密码至少要 {least} 个字符：它保护汇总端的签名密钥。",
    "The password of a backup needs at least {least} characters: it protects the hub's signing key.",
)
BACKUP_DAMAGED = _kind(
    "backup.damaged",
    400,
    "{file} 不是完整无损的备份（{reason}），什么都没有恢复。请用另一份备份。",
    "{file} is not a whole and sound backup ({reason}); nothing was restored. Take another one.",
)
BACKUP_NEWER = _kind(
    "backup.newer",
    409,
    "{file} 来自更新的程序版本，什么都没有恢复。请先升级程序。",
    "{file} was made by a newer release; nothing was restored. Upgrade the program first.",
)
BACKUP_TAKEN = _kind(
    "backup.taken",
    409,
    "这里已经有一个汇总端，什么都没有恢复。请指明一个空文件夹和一个空数据库。",
    "There is a hub here already; nothing was restored. Name an empty folder and an empty database.",
)
HUB_BUSY = _kind(
    "hub.busy",
    503,
    "汇总端现在忙不过来，请稍等一会儿再试。",
    "The hub cannot answer just now. Please try again in a moment.",
)
HUB_KEY_EXPOSED = _kind(
    "hub.key_exposed",
    500,
    "别人也能读 {file}，已停止启动。请运行 chmod 600 {file}，并想一想谁可能看过它。",
    "Others can read {file}; refusing to start. Run `chmod 600 {file}`, and think of who may have read it.",
)
HUB_KEY_OTHER = _kind(
    "hub.key_other",
    409,
    "文件夹里的密钥不是这个数据库的。请核对 --data 和 --database。",
    "The key in the folder is not the one of this database. Check --data and --database.",
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
HUB_STORAGE = _kind(
    "hub.storage",
    503,
    "汇总端现在存不进去（磁盘可能满了），这一次什么都没有确认。请稍后再试，并请管理员查看。",
    "The hub cannot store anything just now (its disk may be full); nothing was confirmed. "
    "Try again later, and have its keeper look.",
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
DESK_BARE = _kind(
    "desk.bare",
    409,
    "服务台 {desk} 还没有登记过平板。请核对纸条上的服务台编号。",
    "No tablet was ever enrolled for desk {desk}. Please check the desk on the slip.",
)
SLIP_CODE = _kind(
    "slip.code",
    422,
    "核对码应是 8 个字符，如 7KQ2-M0ZR。请对照纸条再输入一次。",
    "The code has eight characters, such as 7KQ2-M0ZR. Please type it again from the slip.",
)
SLIP_TABLET = _kind(
    "slip.tablet",
    409,
    "服务台 {desk} 有过不止一台平板，这张日结单和哪一台都对不上。请选它是哪一台的，再核对一次。",
    "Desk {desk} has had several tablets, and the slip agrees with none of them. Choose whose it is, and check again.",
)
FAIR_INCOMPLETE = _kind("fair.incomplete", 409, "没有到齐。{zh}", "Not everything is here. {en}")
SHEET_EMPTY = _kind(
    "sheet.empty", 422, "还没有选服务台。请至少选一个。", "No desk is chosen. Please choose at least one."
)
SHEET_UNTIL = _kind(
    "sheet.until",
    422,
    "有效期要在现在之后、{hours} 小时之内。请改一下时间。",
    "The codes may be good until some moment in the next {hours} hours. Please change it.",
)
DEVICE_UNKNOWN = _kind(
    "device.unknown",
    404,
    "没有编号以 {device} 开头的平板，或不止一台。请多写几位。",
    "No tablet, or more than one, begins with {device}. Give more of its id.",
)
DEVICE_STATE = _kind(
    "device.state",
    409,
    "这台平板的状态已经变了，没有改动。请刷新页面。",
    "The state of this tablet has changed meanwhile; nothing was done. Please reload the page.",
)
CANARY_BROKEN = _kind(
    "canary.broken",
    422,
    "{count} 台平板的投诉试封件打不开。先不要用它们登记投诉，换平板，并告诉管理员。",
    "The canaries of {count} tablets cannot be opened. Take no complaints on them; replace them and ask for help.",
)
DEVICE_CUTOFF = _kind(
    "device.cutoff",
    422,
    "截止序号要在 0 到 {most} 之间。再往后的记录本来就还没有计入。",
    "The cut-off must lie between 0 and {most}: nothing after that has been counted yet.",
)
QUARANTINE_CHANGED = _kind(
    "quarantine.changed",
    409,
    "这期间又有新情况，什么都没有改动。请看一遍最新的内容再决定。",
    "Something has changed meanwhile, so nothing was done. Please look again before you decide.",
)
QUARANTINE_UNREADABLE = _kind(
    "quarantine.unreadable",
    422,
    "这些记录里有不能计入的（读不出来，或者只有汇总端才能写），什么都没有改动。",
    "Some of these can never count (nobody can read them, or only a hub may say that), so nothing was done.",
)
FORM_STALE = _kind(
    "login.stale", 403, "这一页已经过期，请刷新后再操作。", "This page is out of date. Please reload it first."
)
LOGIN_WRONG = _kind("login.wrong", 403, "用户名或密码不对。", "Wrong name or password.")
PERSON_EXISTS = _kind("person.exists", 409, "已经有叫 {name} 的账号。", "There is an account named {name} already.")
LOGIN_NEEDED = _kind("login.needed", 401, "请先登录。", "Please sign in first.")
ROLE_NEEDED = _kind("login.role", 403, "您的账号没有这项权限。", "Your account may not do this.")
ROSTER_OWN = _kind(
    "roster.own",
    409,
    "活动 {fair} 就在本汇总端举办，不能用名册给它加平板。",
    "The fair {fair} is run at this hub itself; a roster cannot add tablets to it. Enrol them with a code.",
)
ROSTER_OTHER = _kind(
    "roster.other",
    409,
    "活动 {fair} 以前收下的名册与这份不同（{reason}），没有收下。请向发来的一方核对指纹。",
    "The fair {fair} was taken in from another roster before ({reason}); nothing was taken in. "
    "Compare the fingerprint with whoever sent it.",
)
ROSTER_TAKEN = _kind(
    "roster.taken",
    409,
    "名册里的平板 {device} 在这里已经属于别的活动，没有收下。请向发来的一方核对。",
    "The tablet {device} of this roster is known here already as another one; nothing was taken in. "
    "Ask whoever sent it.",
)
VERIFY_FAILED = _kind(
    "hub.verify_failed",
    500,
    "核验发现 {count} 处问题：\n{faults}",
    "Verification found {count} faults:\n{faults}",
)
FILE_UNUSABLE = _kind("file.unusable", 500, "文件用不了：{reason}。", "A file cannot be used: {reason}.")
FILE_FULL = _kind(
    "file.full",
    507,
    "{file} 所在的盘没有空间了，什么都没有写。请腾出空间，或换一个U盘再试。",
    "No room for {file}; nothing was written. Free some space or take another stick, then try again.",
)
FILE_TAKEN = _kind(
    "file.taken",
    409,
    "{file} 是另一个文件，没有覆盖。请换一个文件名。",
    "{file} is a file of another kind and was left as it is. Please choose another name.",
)
FILE_UNKNOWN = _kind(
    "file.unknown",
    415,
    "{file} 不是本系统的文件，没有收下任何内容。",
    "{file} is none of our files; nothing was taken from it.",
)
FILES_NONE = _kind(
    "file.none",
    404,
    "那里没有任何可以导入的文件。请检查U盘和文件夹。",
    "There is nothing to import. Check the stick and folder.",
)
FILES_REFUSED = _kind(
    "file.refused",
    422,
    "{of} 个文件中有 {count} 个没有收下，其余的都已收下。",
    "{count} of {of} files were refused; the others were taken in.",
)
CONFIG_INVALID = _kind(
    "config.invalid", 500, "配置有误（{source}）：{reason}。", "Faulty configuration ({source}): {reason}."
)

# --- simulation -----------------------------------------------------------------------------------
SIMULATION_FOLDER = _kind(
    "simulation.folder",
    409,
    "文件夹 {folder} 不是空的，没有写入。请换一个空文件夹。",
    "The folder {folder} is not empty, so nothing was written. Name an empty one.",
)
SIMULATION_UNKNOWN = _kind(
    "simulation.unknown",
    409,
    "这个汇总端还没有模拟活动 {fair} 的平板。请先运行 {first}，再在汇总端运行 {then}。",
    "The hub does not know the tablets of the simulated fair {fair}. Run `{first}`, then at the hub `{then}`.",
)
