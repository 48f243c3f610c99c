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

# --- surveys --------------------------------------------------------------------------------------
SURVEY_UNKNOWN = _kind(
    "survey.unknown",
    404,
    "这里没有这份问卷，可能已经换了。请回到首页看看。",
    "There is no such survey here; it may have been replaced. Please go back to the start.",
)
SURVEY_CHANGED = _kind(
    "survey.changed",
    409,
    "这份问卷刚刚更新了。请回到首页，从头再答一次，很抱歉。",
    "This survey has just been updated. Sorry: please go back to the start and answer it anew.",
)

SURVEY_VERSION = _kind(
    "survey.version",
    409,
    "问卷 {survey} 的第 {version} 版已经在这里，内容不一样。请在 settings 表里把 version 改成新的，再导入。",
    "Version {version} of the survey {survey} is here already with other content. Change `version` in the sheet "
    "`settings` and import it again.",
)
SURVEY_BUILTIN = _kind(
    "survey.builtin",
    409,
    "内容包里已有编号为 {survey} 的问卷。请在 settings 表里换一个 form_id，再导入。",
    "The pack has a survey called {survey}. Change `form_id` in the sheet `settings` and import it again.",
)
SURVEY_LARGE = _kind(
    "survey.large",
    422,
    "问卷太大（{size} KB），平板最多收 {limit} KB。请减少题目或选项。",
    "The survey is too large ({size} KB); tablets take {limit} KB. Please leave out questions or choices.",
)
SURVEY_ROWS = _kind(
    "survey.rows",
    422,
    "答卷有 {count} 份，写成 Excel 太大（最多 {limit} 份）。请下载 CSV，Excel 也能打开。",
    "There are {count} answers, too many for a workbook (at most {limit}). Please download the CSV, which Excel opens.",
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
UNDO_CORRECTED = _kind(
    "tally.undo_corrected",
    409,
    "这一下之后有人更正过这个数，没有撤销，免得减两次。请看更正后的数，不对就再更正。",
    "This count was put right after that tap, so nothing was undone lest it be taken off twice. "
    "Look at the count as it is now and put it right again if it is wrong.",
)
UNDO_NOTHING = _kind("tally.undo_nothing", 404, "没有找到要撤销的那一下。", "There is no such tap to undo.")
COUNTING_TAKEN = _kind(
    "counting.taken",
    409,
    "另一部手机已经用过这个码。请在平板上换一个码再扫。",
    "Another phone has used this code. Please scan the new one on the tablet.",
)
COUNTING_UNKNOWN = _kind(
    "counting.unknown",
    403,
    "平板不认识这部手机。请到平板的“用手机计数”扫码，就能计数。",
    "The tablet does not know this phone. Please scan the code under “Count on a phone” at the tablet.",
)
COUNTING_ENDED = _kind(
    "counting.ended",
    409,
    "这部手机的计数已在平板上结束。请拿手机到平板前重新扫码，存着的就能交上。",
    "This phone’s counting was ended at the tablet. Please scan there again, and what it keeps is taken.",
)
COUNTING_OVER = _kind(
    "counting.over",
    410,
    "这些是 14 小时以前开始的那一班记的，不能再自动计入。请写在纸上，交组织者更正。",
    "These belong to a shift that began over 14 hours ago and are not taken any more. "
    "Please write them down for the organiser to correct.",
)

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
REHEARSAL_UNREADY = _kind(
    "rehearsal.unready",
    409,
    "还没有演练证书，要先连一次汇总端（{reason}）。请把平板带到有网的地方，再按一次；以后没有网也能演练。",
    "There is no certificate to rehearse with; the hub has to be reached once ({reason}). "
    "Take the tablet where there is a network and try again; later rehearsals work without one.",
)
REHEARSAL_ON = _kind(
    "rehearsal.on",
    409,
    "演练已经开始了。请先结束这一次。",
    "A rehearsal is going on already. Please end it first.",
)
REHEARSAL_OFF = _kind(
    "rehearsal.off",
    409,
    "现在没有演练，记下的都计入统计。",
    "There is no rehearsal now; what is recorded counts.",
)
REHEARSAL_OPEN = _kind(
    "rehearsal.open",
    409,
    "本台正在开放。现在演练，真来的群众就不计入统计。一定要演练，请先勾选下面那句话。",
    "The desk is open now: visitors who come during a rehearsal are not counted. "
    "If you must rehearse, tick the sentence below first.",
)
REHEARSAL_MANY = _kind(
    "rehearsal.many",
    409,
    "这台平板要的演练证书太多了（{most} 份），汇总端不再发。请告诉组织者。",
    "This tablet has asked for too many certificates to rehearse with ({most}); the hub gives no more. "
    "Please tell the organiser.",
)
REHEARSAL_PAGE = _kind(
    "rehearsal.page",
    409,
    "演练和正式记录刚刚切换过，这一页是切换之前打开的，没有记上。请回到首页重新开始。",
    "A rehearsal began or ended since this page was opened, and nothing was recorded. Please begin again at the start.",
)
REHEARSAL_FORM = _kind(
    "rehearsal.form",
    409,
    "这个码是演练用的：在这里填的不会有人处理。要投诉举报，请拨打 12315，或请志愿者出示正式的码。",
    "This code is of a rehearsal: nobody would act on what is written here. "
    "To complain or report, call 12315 or ask a volunteer for the real code.",
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

# --- stock and shifts -----------------------------------------------------------------------------
STOCK_LEFT = _kind(
    "stock.left",
    422,
    "剩 {left} 份，比台上的 {opened} 份还多，没有记上。请再数一次；多出来的是新开的，先按“开一捆”。",
    "{left} left is more than the {opened} that lay there; nothing was recorded. Count again; "
    "if more was opened, record that first.",
)
STOCK_NONE = _kind(
    "stock.none",
    422,
    "没有那么多可以减，没有记上。请看一下数字再试。",
    "There are not that many to take away; nothing was recorded. Please look at the number and try again.",
)
STOCK_REASON = _kind(
    "stock.reason",
    422,
    "按了 {given} 份，按库存发了 {gone} 份，差 {apart} 份（超过 {percent}%）。请选一个原因再记；数错了就改数字。",
    "{given} were tapped, {gone} are gone: {apart} apart (more than {percent}%). Choose a reason and record it; "
    "if miscounted, change the number.",
)
TEXT_UNFIT = _kind(
    "text.unfit",
    422,
    "写的字不能记：最多 {limit} 个字，不能有手机号、证件号、银行卡号。请删掉再记。",
    "These words cannot be kept: at most {limit} characters, no phone, identity or card numbers. "
    "Please take them out and try again.",
)
QUICKTEST_LATE = _kind(
    "quicktest.late",
    422,
    "只有今天的批次能在这里作废，没有改动。以前的请告诉组织者。",
    "Only a batch of today can be taken back here; nothing was changed. Please tell the organiser about older ones.",
)
QUICKTEST_POSITIVE = _kind(
    "quicktest.positive",
    422,
    "有不合格的批次不能在平板上作废，没有改动。请告诉主管，在汇总端处理。",
    "A batch that failed cannot be taken back on the tablet; nothing was changed. Please tell a supervisor, who deals "
    "with it at the hub.",
)
SECOND_NEEDED = _kind(
    "correction.second",
    422,
    "更正超过 {limit}（您今天对这个数单独改过的一起算），要两个人：请第二位志愿者选自己的名字、输入 PIN。",
    "More than {limit}, with what you corrected alone today, takes two: let a second volunteer enter their PIN.",
)
SHIFT_SAME = _kind(
    "shift.same",
    422,
    "不能交给自己，没有交班。请接班的人选自己的名字。",
    "Nobody hands over to themselves; nothing was recorded. Let whoever takes over choose their name.",
)
SHIFT_UNKNOWN = _kind(
    "shift.unknown",
    404,
    "没有这一班，可能已经签退了。请刷新再看。",
    "There is no such shift; it may have ended already. Please reload.",
)
SHIFT_TIME = _kind(
    "shift.time",
    422,
    "签退时间不对：要在签到之后、16 小时之内，写成 13:30 这样。没有记上。",
    "That time cannot be: it must be after the beginning, within 16 hours, written as 13:30. Nothing was recorded.",
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
SURVEY_UNWRITABLE = _kind(
    "survey.unwritable",
    422,
    "问卷 {survey} 写成 XLSForm 后读不回原样，没有导出：{zh}",
    "The survey {survey} would not read back the same from an XLSForm; nothing was written: {en}",
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
FIGURE_UNTYPED = _kind(
    "figure.untyped",
    404,
    "这个指标不用填：没有这一项，或者它只由平板和系统计数。请回到补录页选一项。",
    "Nobody types this figure: there is none, or it is only counted. Go back and choose one of the list.",
)
ATTACHMENT_FORMAT = _kind(
    "attachment.format",
    422,
    "附件只收照片（JPEG、PNG、WebP）和 PDF。请另存为 PDF，或者拍一张照片再传。",
    "Attachments are photos (JPEG, PNG, WebP) or PDF files. Save it as PDF, or take a photo of it.",
)
ATTACHMENT_LARGE = _kind(
    "attachment.large",
    413,
    "附件最多 {limit} MB。请缩小，或者只附有数字的那一页。",
    "An attachment is {limit} MB at most. Make it smaller, or attach only the page with the number.",
)
EXHIBIT_UNKNOWN = _kind("gallery.unknown", 404, "没有这件展品。", "There is no such exhibit.")

# --- photos, and exhibits made of them ----------------------------------------------------------------
PHOTO_EMPTY = _kind(
    "photo.empty", 422, "这张照片是空的。请重新拍一张。", "The photo is empty. Please take another one."
)
PHOTO_LARGE = _kind(
    "photo.large",
    413,
    "照片文件太大，最多 {limit} MB。请把相机的像素调低再拍，或者打开照片截屏，选截图。",
    "The photo is too large a file: at most {limit} MB. Take a smaller one, or choose a screenshot of it.",
)
CASE_UNOPENED = _kind(
    "case.unopened",
    403,
    "照片随内容一起看：请先在这一件上说明理由、打开内容，再看照片。",
    "Photos are seen with what was filed: say on the page of the case what you open it for, and then look.",
)
CASE_SECOND_PERSON = _kind(
    "case.second_person",
    403,
    "记下要求和同意执行要由两个人来做。请另一位督办人员登录后同意。",
    "Taking a request down and granting it take two people. Ask another supervisor to sign in and grant it.",
)
CASE_NOT_ASKED = _kind(
    "case.not_asked",
    409,
    "这一件没有等着同意的这项要求，可能已经办过了。请重新打开“本人要求”看看。",
    "No such request of this case is waiting; it may have been done. Please look at the list again.",
)
PHOTO_MANY = _kind(
    "photo.many",
    422,
    "最多收 {limit} 张照片，前面的都已收好。要换的话，请先删掉一张。",
    "At most {limit} photos; those before are kept. To swap one, delete one first.",
)
PHOTO_ROOM = _kind(
    "photo.room",
    507,
    "现在收不下更多照片，已填的都还在。请不带照片提交，照片留好，工作人员会联系您。",
    "There is no room for more photos now; what you filled in is still here. Please file without them and keep them.",
)
PHOTO_GONE = _kind(
    "photo.gone",
    409,
    "照片等得太久，平板上已经删掉了，已填的都还在。请回到照片那一页，删掉再选一次。",
    "The photos waited too long and are gone from the tablet; what you filled in is still here. "
    "Please go back to the photos, delete them there and choose them again.",
)
PHOTO_FORMAT = _kind(
    "photo.format",
    422,
    "这种文件收不了，请选一张照片。如果选的就是照片，请打开它，截个屏，再选截图。",
    "No file of this kind can be taken: please choose a photo. If it is one, open it, take a screenshot, choose that.",
)
PHOTO_PIXELS = _kind(
    "photo.pixels",
    422,
    "照片的像素太多，最多 {limit} 百万。请把相机的像素调低再拍，或者打开照片截屏，选截图。",
    "The photo has too many pixels: at most {limit} million. Take a smaller one, or choose a screenshot of it.",
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
COMPLAINT_UNCERTIFIED = _kind(
    "complaint.uncertified",
    409,
    "这台平板的证书太旧，登记了也不算数，所以没有登记。请改填纸质登记表，或拨打12315，并告诉组织者。",
    "This tablet's certificate is too old for what is filed here to count; nothing was filed. "
    "Please use a paper form or call 12315, and tell the organiser.",
)
COMPLAINT_EXPOSED = _kind(
    "complaint.exposed",
    403,
    "这个网址没有加密，不能在这里填个人信息。请找志愿者登记，或拨打12315。",
    "This address is not encrypted, so no personal data may be typed here. Please ask a volunteer, or call 12315.",
)
COMPLAINT_OVER = _kind(
    "complaint.over",
    410,
    "这次活动的登记已经结束，在这里填的不会再有人办。请拨打12315。",
    "Filing for this fair is over, and nobody would handle what is filed here. Please call 12315.",
)
COMPLAINT_TAKEN = _kind(
    "complaint.taken",
    409,
    "这张表或这个编号已经登记过，没有改动。您填的都在，编号已换新的；照片请重新添加，再提交一次。",
    "This form or its number was already filed and was left as it is. What you typed is still here, under a new "
    "number; please add the photos again, and file once more.",
)
RECEIPT_UNKNOWN = _kind(
    "case_receipt.unknown",
    422,
    "这不是本系统的登记回执。请扫回执上的二维码，或把那一串字符完整地贴进来。",
    "This is no receipt of ours. Please scan the QR code on the receipt, or paste its whole text.",
)
RECEIPT_CHANGED = _kind(
    "case_receipt.changed",
    409,
    "这张回执被改动过，或者没有抄完整。请用原来的二维码再试一次。",
    "This receipt was changed, or is not complete. Please try again with the original QR code.",
)
RECEIPT_FOREIGN = _kind(
    "case_receipt.foreign",
    409,
    "公布的名单里没有这张回执的签名钥匙：它被改动过，或者不是这次活动的。请核对是哪个活动。",
    "None of the published keys has signed this receipt: it was changed, or is of another fair. Check which one.",
)
RECEIPT_WITHDRAWN = _kind(
    "case_receipt.withdrawn",
    409,
    "签这张回执（{case}，{desk} 号服务台）的平板后来被停用了。请向汇总端核对这个编号。",
    "The tablet that signed this receipt ({case}, desk {desk}) was withdrawn later. Ask the hub about that number.",
)
RECEIPT_REHEARSED = _kind(
    "case_receipt.rehearsal",
    409,
    "这是演练时出的，不是回执：什么都没有登记。要投诉举报，请拨打 12315。",
    "This comes from a rehearsal and is no receipt: nothing was filed. To complain or report, call 12315.",
)
KEYS_MALFORMED = _kind(
    "keys.malformed",
    400,
    "这个公钥文件不完整或被改动过（{reason}）。请从汇总端重新下载。",
    "The file of keys is not whole, or was changed ({reason}). Fetch it from the hub again.",
)
KEYS_FINGERPRINT = _kind(
    "keys.fingerprint",
    409,
    "公钥文件不是这个指纹的汇总端公布的，没有核验。请核对指纹和文件的来处。",
    "The file of keys is not of the hub with that fingerprint; nothing was checked. See where the file came from.",
)
STATUS_UNKNOWN = _kind(
    "status.unknown",
    404,
    "编号或查询码不对。请对照回执再输入一次；回执丢了，请打回执上的电话。",
    "Wrong number or query code. Please compare with the receipt; if it is lost, call the telephone of the fair.",
)
HANDOFF_INVALID = _kind(
    "handoff.invalid",
    403,
    "这个二维码不是这台平板给的，或者没有扫完整。可以直接填写，一样有效。",
    "This code is not of that tablet, or was not read whole. You may fill in the form directly; it counts as well.",
)
HANDOFF_EXPIRED = _kind(
    "handoff.expired",
    410,
    "平板上的二维码只用十分钟，这个已经过期，或者平板的时钟不准。可以直接填写，一样有效。",
    "The tablet's code is good for ten minutes; it has run out, or the tablet's clock is wrong. "
    "You may fill in the form directly; it counts as well.",
)
HANDOFF_USED = _kind(
    "handoff.used",
    409,
    "另一部手机已经用这个二维码填写了。可以直接填写，一样有效。",
    "Another phone is filling in the form with this code. You may fill in the form directly; it counts as well.",
)
CASE_UNKNOWN = _kind("case.unknown", 404, "没有这个编号的投诉。", "There is no complaint with that number.")
CALENDAR_FAULTY = _kind(
    "calendar.faulty",
    422,
    "这份放假安排不能用（{file}）：{faults}。请对照国务院办公厅的通知改好再试。",
    "This notice of holidays cannot be used ({file}): {faults}. Please compare it with the notice and try again.",
)
CASE_WRONG_STEP = _kind(
    "case.wrong_step",
    409,
    "这件现在不能这样办（现在：{now}；可以：{may}）。请刷新页面，看看别人是否已经办了。",
    "That cannot be done with this case now (it is: {now}; possible: {may}). "
    "Please reload the page: somebody else may have taken a step.",
)
CASE_FORM = _kind(
    "case.form",
    409,
    "这份文书和这件现在的情况不合，没有打印，内容也没有打开。请回到这一件，先记下要办的那一步，再打印那里列出的文书。",
    "This form does not go with where the case is: nothing was printed or opened. Go back to the case, note the step "
    "it is about first, then print one of the forms listed there.",
)
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
    "Your account holds no key to complaints. Somebody who opens complaints has to sign in.",
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
ARCHIVE_DAMAGED = _kind(
    "archive.damaged",
    400,
    "{file} 不是完整无损的存档（{reason}），里面的内容不能作数。请向汇总端再要一份。",
    "{file} is not a whole and sound archive ({reason}); nothing in it can be relied on. Ask the hub for another copy.",
)
ARCHIVE_SIGNER = _kind(
    "archive.signer",
    400,
    "{file} 不是指纹为 {fingerprint} 的汇总端签的。请核对指纹，或者向汇总端再要一份。",
    "{file} was not signed by the hub with the fingerprint {fingerprint}. Compare it, or ask the hub for another copy.",
)
ARCHIVE_RELEASE = _kind(
    "archive.release",
    409,
    "{file} 由 {version} 版程序写成，请用那一版核验。",
    "{file} was written by release {version} of the program. Verify it with that one.",
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
FAIR_FAULTY = _kind(
    "fair.faulty",
    422,
    "这样改活动就不合规则（{faults}），没有保存。请改正后再保存。",
    "The fair would then be faulty ({faults}); nothing was saved. Please mend it and save again.",
)
FAIR_IN_USE = _kind(
    "fair.in_use",
    409,
    "“{name}”已经用上了，有平板、服务台或记录，不能去掉，没有保存。可以改名称。",
    "“{name}” is in use, by a tablet, a desk or records, and cannot be taken out; nothing was saved. "
    "It can be called otherwise.",
)
FAIR_ON_PAPER = _kind(
    "fair.on_paper",
    409,
    "“{name}”印在还没登记去向的纸质单上，现在不能去掉，也不能改每捆的数，没有保存。请先把这些单子录入，或登记为作废、空白。",
    "“{name}” stands on paper sheets that are still out; it cannot be taken out, nor its bundle changed; nothing was "
    "saved. First key those sheets in, or set them aside as void or blank.",
)
DESK_IN_USE = _kind(
    "desk.in_use",
    409,
    "“{name}”已经有平板或记录，不能换会场，没有保存。请在那个会场另加一个服务台，给平板重新登记。",
    "“{name}” has a tablet or records and cannot move to another venue; nothing was saved. "
    "Add a desk there and enrol the tablet for it.",
)
FAIR_STALE = _kind(
    "fair.stale",
    409,
    "这一部分刚才有人改过，没有保存您的。请重新打开这一页，看过再改。",
    "Somebody has just changed this part; yours was not saved. Open the page again, look, and change it.",
)
FAIR_ELSEWHERE = _kind(
    "fair.elsewhere",
    409,
    "这个活动在另一个汇总端筹备，这里只汇总，不能改。请到那边改。",
    "This fair is set up at another hub and only counted here. Please change it there.",
)
FAIR_SHEET = _kind(
    "fair.sheet",
    422,
    "这份名单有 {count} 处要改，什么都没有保存：\n{faults}",
    "The roster has {count} things to mend; nothing was saved:\n{faults}",
)
VOLUNTEER_UNKNOWN = _kind(
    "volunteer.unknown",
    404,
    "名单里没有这位志愿者，可能已经去掉了。请重新打开志愿者名单。",
    "There is no such volunteer on the list; they may have been taken off. Please open the list again.",
)
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
PAPER_NUMBER = _kind(
    "paper.number",
    422,
    "没有“{number}”这个编号，抄错了一处。请照着单子右上角再输一遍。",
    "“{number}” is no number of a sheet: one sign is wrong. Type it again as it stands at the top right.",
)
PAPER_ELSEWHERE = _kind(
    "paper.elsewhere",
    422,
    "{number} 是另一场活动的单子。请到那场活动里录。",
    "{number} is a sheet of another fair. Key it in there.",
)
PAPER_UNKNOWN = _kind(
    "paper.unknown",
    404,
    "{number} 号单没有印过。请核对编号；确实有这张单子，请找组织者。",
    "Sheet {number} was never printed. Check its number; if the sheet is there, ask the organiser.",
)
PAPER_TAKEN = _kind(
    "paper.taken",
    409,
    "{number} 号单已由{who}在 {at} {what}，没有再记。数字有错，请到“更正”里改。",
    "Sheet {number} was already dealt with ({what}) by {who} at {at}; nothing was added. Put wrong counts right under "
    "“Corrections”.",
)
PAPER_KIND = _kind(
    "paper.kind",
    422,
    "{number} 号单是另一种单子。请回到“纸质单”，再输一次编号。",
    "Sheet {number} is of another kind. Go back to “Paper sheets” and enter its number again.",
)
PAPER_EMPTY = _kind(
    "paper.empty",
    422,
    "一个数也没有填。单子是空白的，请在“纸质单”里登记为空白。",
    "No count was filled in. If the sheet is blank, mark it so under “Paper sheets”.",
)
PAPER_RANGE = _kind(
    "paper.range",
    422,
    "从前一个编号到后一个编号，要都印过，最多 {most} 张。请核对两个编号。",
    "From the first number to the last all must have been printed, and at most {most}. Check both numbers.",
)
PAPER_MANY = _kind(
    "paper.many",
    422,
    "一次最多印 {most} 张。请少选几个服务台，或少印几份。",
    "At most {most} sheets are printed at once. Choose fewer desks or fewer copies.",
)
PAPER_FULL = _kind(
    "paper.full",
    409,
    "这场活动的单子编号用完了，没有印。请登记空白单，或找管理员。",
    "All sheet numbers of this fair are used up; nothing was printed. Use sheets that are left, or ask the "
    "administrator.",
)
PDF_UNAVAILABLE = _kind(
    "pdf.unavailable",
    501,
    "这台电脑没有安装 LibreOffice，生成不了 PDF。请下载 Word 文件，用办公软件另存为 PDF。",
    "LibreOffice is not installed here, so there is no PDF. Take the Word file and save it as PDF from there.",
)
PDF_FAILED = _kind(
    "pdf.failed",
    503,
    "这次没有转成 PDF。请再试一次，或者下载 Word 文件，用办公软件另存为 PDF。",
    "It could not be made into a PDF this time. Try again, or take the Word file and save it as PDF from there.",
)
STATEMENT_SAME = _kind(
    "statement.same",
    409,
    "和第 {version} 版没有不同，不需要新的版本。",
    "Nothing is different from version {version}, so there is no need of another.",
)
STATEMENT_WHY = _kind(
    "statement.why",
    422,
    "第 {version} 版改了已经定稿的数字。请写明为什么。",
    "Version {version} changes figures that were frozen. Say why.",
)
STATEMENT_UNKNOWN = _kind(
    "statement.unknown",
    404,
    "没有第 {version} 版。请从版本列表里选。",
    "There is no version {version}. Choose one from the list of versions.",
)
STATEMENT_DAMAGED = _kind(
    "statement.damaged",
    409,
    "第 {version} 版和定稿时的不一样了，不能导出。请运行 kiosk hub verify，从备份恢复。",
    "Version {version} is not what was frozen and stays here. Run kiosk hub verify, and restore it from a backup.",
)
CORRECTION_NOTHING = _kind(
    "correction.nothing",
    422,
    "改完和原来一样，没有记。请核对要改成多少。",
    "That changes nothing, so nothing was kept. Check what it should come to.",
)
CORRECTION_BELOW = _kind(
    "correction.below",
    422,
    "那个小时只有 {left}，减不了这么多。请选对日期、钟点和服务台，分几个钟点改也可以。",
    "There are only {left} in that hour. Choose the right day, hour and desk; a difference may be spread over hours.",
)
CORRECTION_OWN = _kind(
    "correction.own",
    403,
    "自己提的更正，要另一位组织者同意。请找另一位登录来看。",
    "Your own correction needs another organiser. Ask one to sign in and look at it.",
)
CORRECTION_DECIDED = _kind(
    "correction.decided",
    409,
    "这条更正已由{who}在 {at} 定了，没有再改。请刷新页面看结果。",
    "{who} already decided this correction at {at}; nothing was changed. Reload to see the outcome.",
)
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
UNIT_UNKNOWN = _kind(
    "unit.unknown",
    404,
    "活动里没有编号为 {unit} 的单位。请先在“筹备—单位”里加上它。",
    "The fair has no unit {unit}. Add it under “units” of the fair's set-up first.",
)
UNIT_RAW = _kind(
    "unit.raw",
    409,
    "活动 {fair} 是从别的汇总端用名册收来的，原始数据已经在这里，再收单位上报就会算两遍。请在举办它的汇总端汇总。",
    "The fair {fair} was taken in from another hub with its raw data; reports of units would count it twice. "
    "Let units report to the hub that runs it.",
)
UNIT_SILENT = _kind(
    "unit.silent",
    409,
    "这个单位没有正在使用的汇总端，不用停用。",
    "No hub in use reports for this unit, so there is nothing to withdraw.",
)
UPWARD_NONE = _kind(
    "upward.none",
    409,
    "这个活动还没有加入上级汇总端。请先用上级给的代码运行 kiosk hub join，或者用文件加入。",
    "This fair has not joined a hub above yet. Run `kiosk hub join` with the code it gave you, or join by files.",
)
UPWARD_JOINED = _kind(
    "upward.joined",
    409,
    "这个活动已经加入了上级汇总端（单位 {unit}）。要换一个上级或者重新加入，请加 --again。",
    "This fair has joined a hub above already, for its unit {unit}. To join another, or anew, add --again.",
)
UPWARD_SELF = _kind(
    "upward.self",
    409,
    "代码或文件是本汇总端自己发的，不能向自己报送。请向上级要代码。",
    "The code or file comes from this very hub, which cannot report to itself. Ask the hub above for one.",
)
UPWARD_DRAFT = _kind(
    "upward.draft",
    409,
    "还没有冻结的版本可以报送。请先冻结统计表。",
    "There is no frozen version to send up yet. Freeze the statistics table first.",
)
UPWARD_FORKED = _kind(
    "upward.forked",
    409,
    "上级那里的上报记录和这里的不一样：这个汇总端可能是用旧备份恢复的。请向上级要新代码，用 --again 重新加入，"
    "再报送一次；上级会用新的一份替换旧的。",
    "The hub above holds other reports than this one: perhaps this hub was restored from an old backup. Ask for a new "
    "code, join with --again and report once more; above, the new report takes the place of the old one.",
)
UPWARD_FILE = _kind(
    "upward.file",
    422,
    "这个文件不是加入上级用的，或者不是给这个活动的（{reason}）。请重新拿一份。",
    "This file is none for joining a hub above, or is not for this fair ({reason}). Please get a new one.",
)
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
