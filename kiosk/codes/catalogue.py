"""The kinds of codes this release can look at.

Meanings and laws stand here only where the rule itself was read. Of other kinds is told how they are usually written.
"""

from kiosk.codes.arithmetic import CREDIT_SIGNS, VEHICLE_SIGNS
from kiosk.codes.model import Kind
from kiosk.packs.model import Text

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"

_CHECK = Text("校验码", "check digit")
_DIGITS = Text("数字", "digits")
_PREFIX = Text("字头", "prefix")
_ON_PACKET = Text("商品包装上，黑白条纹下面的数字", "on the packet, the digits under the bars")

_NO_MEDICINE = Text(
    "保健食品的标签必须写“本品不能代替药物”。", "A health food’s label must say that it cannot replace medicine."
)
_NO_MEDICINE_CITE = "《食品安全法》第七十八条"
_BARCODE_PARTS = (Text("前面的数字", "the digits before it"), _CHECK)


def _barcode(name: str, words: Text, length: int, example: str, where: Text = _ON_PACKET) -> Kind:
    return Kind(
        id=name,
        name=words,
        where=where,
        drawing="carton" if length == 14 else "barcode",
        example=example,
        lengths=(length,),
        bare=rf"[0-9]{{{length}}}",
        layout=rf"([0-9]{{{length - 1}}})([0-9])",
        captions=_BARCODE_PARTS,
        check="gtin",
        check_part=1,
    )


KINDS: tuple[Kind, ...] = (
    _barcode("ean-13", Text("商品条码（13 位）", "Barcode, 13 digits"), 13, "6901234567892"),
    _barcode("ean-8", Text("短条码（8 位）", "Short barcode, 8 digits"), 8, "69012341"),
    Kind(
        id="upc-e",
        name=Text("短条码 UPC-E（8 位）", "Short barcode UPC-E, 8 digits"),
        where=Text(
            "有些进口小包装上，黑白条纹旁边的数字", "on some small imported packets, the digits beside the bars"
        ),
        drawing="barcode",
        example="04252614",
        lengths=(8,),
        bare=r"[01][0-9]{7}",
        layout=r"([01][0-9]{6})([0-9])",
        captions=_BARCODE_PARTS,
        check="upc_e",
        check_part=1,
    ),
    _barcode("upc-a", Text("商品条码（12 位）", "Barcode, 12 digits"), 12, "012345678905"),
    _barcode(
        "gtin-14",
        Text("整箱条码（14 位）", "Barcode of a case, 14 digits"),
        14,
        "16901234567899",
        Text("装货的纸箱外面", "on the outside of a carton"),
    ),
    Kind(
        id="isbn-13",
        name=Text("书号 ISBN（13 位）", "ISBN of a book, 13 digits"),
        where=Text("书的封底和版权页", "on the back of a book and on its copyright page"),
        drawing="book",
        example="9787111000006",
        lengths=(13,),
        bare=r"(?:978|979(?!0))[0-9]{10}",
        layout=r"(97[89])([0-9]{9})([0-9])",
        captions=(Text("书号的开头：978 或 979", "978 or 979, as every ISBN begins"), _DIGITS, _CHECK),
        check="gtin",
        check_part=2,
    ),
    Kind(
        id="isbn-10",
        name=Text("旧书号 ISBN（10 位）", "ISBN of an older book, 10 characters"),
        where=Text("旧书的封底和版权页", "on the back of an older book and on its copyright page"),
        drawing="book",
        example="7111000005",
        lengths=(10,),
        signs="0123456789X",
        bare=r"[0-9]{9}[0-9X]",
        layout=r"([0-9]{9})([0-9X])",
        captions=(_DIGITS, Text("校验码，X 表示 10", "check character; X is ten")),
        check="isbn10",
        check_part=1,
    ),
    Kind(
        id="food-maker",
        name=Text("食品生产许可证编号（SC）", "Food production licence (SC)"),
        where=Text("食品包装的标签上", "on the label of packed food"),
        drawing="bag",
        example="SC10111010812347",
        head="SC",
        lengths=(14,),
        bare=r"[12][0-9]{13}",
        own_head="SC",
        layout=r"(SC)([12][0-9]{12})([0-9])",
        captions=(_PREFIX, Text("许可证的数字", "digits of the licence"), _CHECK),
        check="mod_11_10",
        check_part=2,
        law=Text(
            "预包装食品的标签上必须写明生产许可证编号。",
            "The label of prepacked food must give the production licence number.",
        ),
        cite="《食品安全法》第六十七条",
    ),
    Kind(
        id="food-seller",
        name=Text("食品经营许可证编号（JY）", "Food business licence (JY)"),
        where=Text("饭馆、食品店墙上的许可证", "on the licence on the wall of a restaurant or food shop"),
        drawing="wall",
        example="JY11101080001231",
        head="JY",
        lengths=(14,),
        layout=r"(JY)([123][0-9]{13})",
        captions=(_PREFIX, _DIGITS),
        is_rule=False,
        law=Text(
            "只卖预包装食品的店不用办这个证，但要备案。",
            "A shop that sells prepacked food alone needs no such licence, but has to file with the authority.",
        ),
        cite="《食品安全法》第三十五条",
    ),
    Kind(
        id="credit-code",
        name=Text("统一社会信用代码", "Unified social credit code"),
        where=Text("营业执照上", "on a business licence"),
        drawing="wall",
        example="91310000MA1K00007U",
        lengths=(18,),
        signs=CREDIT_SIGNS,
        # Digits alone are taken for one only whole: a slip in somebody's own number is not shown again.
        bare=r"(?=.*[A-WYZ])[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{9,11}|9[0-9]{16}[0-9X]",
        layout=rf"([{CREDIT_SIGNS}]{{2}})([0-9]{{6}})([{CREDIT_SIGNS}]{{9}})([{CREDIT_SIGNS}])",
        captions=(
            Text("第 1–2 位", "characters 1–2"),
            Text("第 3–8 位，都是数字", "characters 3–8, all digits"),
            Text("主体标识码", "code of the body itself"),
            Text("校验码", "check character"),
        ),
        check="credit_code",
        check_part=3,
        law=Text(
            "网店要在首页一直亮出营业执照的信息。",
            "An online shop has to show its business licence on its home page at all times.",
        ),
        cite="《电子商务法》第十五条",
    ),
    Kind(
        id="drug",
        name=Text("药品批准文号", "Drug approval number"),
        where=Text("药盒和说明书上", "on the box of a medicine and in its leaflet"),
        drawing="medicine",
        example="国药准字H20990001",
        head=r"国药准字(?:[HZS][CJ]?|[A-Z](?=[0-9]))?",
        lengths=(8,),
        bare=r"(?:[HZS][CJ]?|[BTF])[0-9]{8}",
        own_head="国药准字",
        layout=r"(国药准字)([HZS][CJ]?|[BTFJ])([0-9]{8})",
        captions=(_PREFIX, Text("字母", "letter"), _DIGITS),
        is_rule=False,
        law=Text(
            "药品标签必须写明批准文号；标上假的批准文号，按假药处理。",
            "A medicine’s label must give its approval number; one with a false number is treated as counterfeit.",
        ),
        cite="《药品管理法》第四十九条、《药品管理法实施条例》第七十一条",
    ),
    Kind(
        id="health-food",
        name=Text("保健食品注册号", "Health food registration"),
        where=Text("保健食品的盒子上", "on the box of a health food"),
        drawing="jar",
        example="国食健注G20990001",
        head=r"国食健[注字](?:[GJ]|[A-Z](?=[0-9]))?",
        lengths=(8,),
        bare=r"[GJ][0-9]{8}",
        own_head="国食健注",
        layout=r"(国食健注)([GJ])([0-9]{8})",
        captions=(_PREFIX, Text("字母", "letter"), _DIGITS),
        is_rule=False,
        law=_NO_MEDICINE,
        cite=_NO_MEDICINE_CITE,
    ),
    Kind(
        id="health-filing",
        name=Text("保健食品备案号", "Health food filing"),
        where=Text("保健食品的盒子上", "on the box of a health food"),
        drawing="jar",
        example="食健备G209944000001",
        head=r"国?食健备[GJ]?",
        lengths=(12,),
        layout=r"(食健备)(G)(20[0-9]{2}(?!00)[0-9]{8})|(食健备)(J)(20[0-9]{2}00[0-9]{6})",
        captions=(_PREFIX, Text("字母", "letter"), _DIGITS),
        is_rule=False,
        law=_NO_MEDICINE,
        cite=_NO_MEDICINE_CITE,
    ),
    Kind(
        id="special-cosmetic",
        name=Text("特殊化妆品注册编号", "Special cosmetic registration"),
        where=Text("化妆品的标签上", "on the label of a cosmetic"),
        drawing="bottle",
        example="国妆特字20990001",
        head=r"国妆(?:特(?:进)?|准)?字[GJ]?",
        lengths=(8, 9),
        layout=r"(国妆特进?字)([GJ]?)([0-9]{8,9})",
        captions=(_PREFIX, Text("字母", "letter"), _DIGITS),
        is_rule=False,
        law=Text(
            "染发、烫发、祛斑美白、防晒、防脱发的化妆品要先注册，标签上要写注册证编号。",
            "Hair dye, perms, whitening, sunscreen and products against hair loss have to be registered, and their "
            "label has to give the number.",
        ),
        cite="《化妆品监督管理条例》第十六条、第十七条、第三十六条",
    ),
    Kind(
        id="plain-cosmetic",
        name=Text("普通化妆品备案号", "Ordinary cosmetic filing"),
        where=Text("化妆品的标签上", "on the label of a cosmetic"),
        drawing="bottle",
        example="浙G妆网备字2099000001",
        head=rf"[{PROVINCES}]?G?妆网备字|国妆网备进字(?:[(〔\[][{PROVINCES}][)〕\]])?",
        lengths=(10,),
        layout=rf"([{PROVINCES}]G妆网备字|国妆网备进字\([{PROVINCES}]\))([0-9]{{10}})",
        captions=(_PREFIX, _DIGITS),
        is_rule=False,
        law=Text(
            "化妆品的标签不能明示或暗示能治病。", "A cosmetic’s label may neither say nor hint that it heals anything."
        ),
        cite="《化妆品监督管理条例》第三十七条",
    ),
    Kind(
        id="device",
        name=Text("医疗器械注册证编号", "Medical device registration"),
        where=Text("医疗器械的标签上", "on the label of a medical device"),
        drawing="device",
        example="国械注准20993140001",
        head=rf"[国{PROVINCES}]?械注[准进许]?",
        lengths=(11,),
        layout=rf"([国{PROVINCES}])(械注)([准进许])(20[0-9]{{2}})([23])([0-9]{{2}})([0-9]{{4}})",
        captions=(
            Text("“国”字或省份简称", "the state, or a province"),
            Text("医疗器械注册", "device, registered"),
            Text(
                "准：境内；进：进口；许：港澳台", "made on the mainland, imported, or from Hong Kong, Macao or Taiwan"
            ),
            Text("首次注册的年份", "year first registered"),
            Text("类别", "class"),
            Text("编码", "product code"),
            Text("流水号", "running number"),
        ),
        law=Text(
            "第二类、第三类医疗器械的标签要写注册证编号。",
            "The label of a device of class two or three has to give this number.",
        ),
        cite="《医疗器械监督管理条例》第三十九条、《医疗器械注册与备案管理办法》第一百一十五条",
    ),
    Kind(
        id="device-filing",
        name=Text("第一类医疗器械备案编号", "Filing of a class one device"),
        where=Text("医疗器械的标签上", "on the label of a medical device"),
        drawing="device",
        example="苏锡械备20990001",
        head=rf"(?:[国{PROVINCES}][\u4e00-\u9fff]{{0,4}}?)?械备",
        lengths=(8,),
        layout=rf"(国|[{PROVINCES}][\u4e00-\u9fff]{{0,4}})(械备)(20[0-9]{{2}})([0-9]{{4}})",
        captions=(
            Text("“国”字（进口）或地方简称", "the state, for imports, or a place"),
            Text("医疗器械备案", "device, filed"),
            Text("年份", "year"),
            Text("流水号", "running number"),
        ),
        law=Text(
            "进口的第一类医疗器械用“国”字，国产的用备案地方的简称。",
            "An imported class one device has the word for the state; one made here has the short name of its place.",
        ),
        cite="《医疗器械注册与备案管理办法》第一百一十六条",
    ),
    Kind(
        id="pesticide",
        name=Text("农药登记证号", "Pesticide registration"),
        where=Text("农药的标签上", "on the label of a pesticide"),
        drawing="pesticide",
        example="PD20990001",
        head=r"(?:PD|WP|LS)(?=[0-9OIL])",
        lengths=(8,),
        layout=r"(PD|WP|LS)([0-9]{8})",
        captions=(_PREFIX, _DIGITS),
        is_rule=False,
        law=Text(
            "没有标签的农药、没有依法登记的农药，都按假农药处理。",
            "A pesticide without a label, or not registered by law, is treated as counterfeit.",
        ),
        cite="《农药管理条例》第四十四条",
    ),
    Kind(
        id="pesticide-trace",
        name=Text("农药追溯码（32 位）", "Pesticide trace code, 32 digits"),
        where=Text("农药标签的二维码旁边", "beside the QR code on a pesticide’s label"),
        drawing="pesticide",
        example="19900011" + "0" * 24,
        lengths=(32,),
        bare=r"[0-9]{31,33}",
        layout=r"([123][0-9]{6}[123][0-9]{24})",
        captions=(_DIGITS,),
        is_rule=False,
        law=Text(
            "农药标签上要有可追溯电子信息码。",
            "A pesticide’s label has to carry an electronic code by which it can be traced.",
        ),
        cite="《农药管理条例》第二十二条",
    ),
    Kind(
        id="vehicle",
        name=Text("车辆识别代号（VIN）", "Vehicle identification number (VIN)"),
        where=Text("汽车的三包凭证上", "on a car’s warranty card"),
        drawing="car",
        example="1M8GDM9AXKP042788",
        lengths=(17,),
        signs=VEHICLE_SIGNS,
        bare=r"(?=.*[A-WYZ])[0-9A-Z]{17}|(?=.{0,2}[A-Z])[0-9A-Z]{12}(?:[0-9A-Z]{2})?[0-9]{4}",
        layout=rf"([{VEHICLE_SIGNS}]{{8}})([{VEHICLE_SIGNS}])([{VEHICLE_SIGNS}]{{8}})",
        captions=(
            Text("第 1–8 位", "characters 1–8"),
            Text("第 9 位：校验位", "character 9, the check"),
            Text("第 10–17 位", "characters 10–17"),
        ),
        check="vehicle",
        check_part=1,
        law=Text(
            "家用汽车的三包凭证上要写车辆识别代号：拿它和车上的对一对。",
            "The warranty card of a private car has to give this number: compare it with the one on the car.",
        ),
        cite="《家用汽车产品修理更换退货责任规定》第九条",
    ),
)
