"""People who do not exist, and what they would have to complain about."""

from kiosk.facts import complaints
from kiosk.facts.complaints import Complaint, Context
from kiosk.simulation.dice import Dice

_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"
_GIVEN = ("建国", "秀英", "志强", "桂兰", "晓明", "丽华", "海涛", "雪梅", "大伟", "小芳", "文博", "玉珍")
_SHOPS = ("好又多小卖部", "金满楼饭店", "美丽人生理发店", "一路顺汽修", "康健大药房", "飞毛腿快递站", "家家乐家电城")
_STREETS = ("人民路", "建设路", "解放街", "新华巷", "胜利大道", "和平里")
#: What was bought, what is wrong with it, what the person wants, and the usual price in yuan.
_TROUBLES = (
    ("电饭锅用了一天就不热了，商家说拆了封不退。", "退货退款", 260),
    ("办了两年的理发卡，店关了门，电话也打不通，卡里还有钱。", "退还余额", 800),
    ("鸡蛋买回家一看，有三成是坏的，找回去说离柜不认。", "退款并赔偿", 60),
    ("直播里说是纯羊绒，送去一查羊绒不到三成。", "退一赔三", 499),
    ("修车时没有问过我就换了件，结账多出一千多。", "退还多收的钱", 1_300),
    ("保健品说能降血糖，老人吃了三个月没有用，还停了药。", "退款", 2_980),
    ("快递把箱子摔破，里面的杯子碎了，只肯赔运费。", "照价赔偿", 180),
    ("饭店的消毒餐具另收钱，事先没有说。", "退还费用", 12),
)


def name_of(dice: Dice) -> str:
    return dice.choice(_FAMILY) + dice.choice(_GIVEN)


def draw_form(dice: Dice, day: str) -> dict[str, str]:
    """A complaint as typed at the desk on an ISO day, by field of the form; the form finds no fault with it."""
    trouble, request, price = dice.choice(_TROUBLES)
    month = int(day[5:7]) - dice.randrange(2)
    return {
        "matter": "complaint",
        "form": "2026",
        "notice": "yes",
        "consumer": "adult",
        "respondent": dice.choice(_SHOPS),
        "respondent_address": f"{dice.choice(_STREETS)}{dice.randrange(1, 300)}号",
        "bought_on": f"{day[:4]}-{month:02d}-{dice.randrange(1, 14):02d}" if dice.happens(0.8) else "",
        "amount": f"{price * (0.6 + dice.random()):.2f}" if dice.happens(0.9) else "",
        "what": "日用品",
        "facts": trouble,
        "want_refund": "yes",
        "request": request,
        "forward": "yes",
        "mediation": "yes",
        "publicity": "no",
        "name": name_of(dice),
        "phone": f"1990000{dice.randrange(10_000):04d}",
        "address": f"模拟市{dice.choice(_STREETS)}{dice.randrange(1, 300)}号{dice.randrange(1, 20)}单元",
    }


def draw_complaint(dice: Dice, day: str, context: Context) -> Complaint:
    return complaints.compose(draw_form(dice, day), context)
