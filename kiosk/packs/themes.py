"""The themes of the years, as the China Consumers Association gave them out (年主题).

Only those that a dated source of their year names. A year's theme is known some weeks before the day, not earlier.
"""

from kiosk.packs.model import Text

THEMES = {
    2010: Text("消费与服务", "Consumption and service"),
    2014: Text("新消法 新权益 新责任", "New law, new rights, new duties"),
    2015: Text("携手共治 畅享消费", "Govern together, enjoy what we buy"),
    2016: Text("新消费 我做主", "New ways to buy, my own choice"),
    2017: Text("网络诚信 消费无忧", "Honesty online, buying without worry"),
    2018: Text("品质消费 美好生活", "Quality in what we buy, a good life"),
    2019: Text("信用让消费更放心", "Credit you can trust when you buy"),
    2020: Text("凝聚你我力量", "Our strength together"),
    2021: Text("守护安全 畅通消费", "Keep it safe, let buying flow"),
    2022: Text("共促消费公平", "Fairness for consumers, together"),
    2023: Text("提振消费信心", "Confidence for consumers"),
    2024: Text("激发消费活力", "Vigour for consumption"),
    2025: Text("共筑满意消费", "Satisfaction for consumers, together"),
    2026: Text("提升消费品质", "Better quality in what we buy"),
}
#: What a fair shows whose year has no theme yet.
UNKNOWN = Text("年主题待公布", "The year’s theme is to be announced")


def theme_of(day: str) -> Text | None:
    """The theme of the year of an ISO day; None where it is not known."""
    return THEMES.get(int(day[:4])) if day[:4].isdecimal() else None
