"""The sizes a simulated fair can have, in the proportions of real ones."""

import msgspec


class Size(msgspec.Struct, frozen=True):
    """How much happens at a fair, all of it exactly so: what is undone comes on top and is taken back."""

    name: str
    venues: int
    booths: int
    visitors: int  # counted in, 人次
    leaflets: int  # copies, 份
    consultations: int  # 人次
    complaints: int  # 件
    boards: int  # 块
    plays: int  # quizzes begun; some are not finished
    judgements: int  # exhibits judged
    batch: tuple[int, int]  # fewest and most facts a tablet sends at once


SIZES = {
    size.name: size
    for size in (
        Size("demo", 4, 8, 1_200, 3_000, 72, 5, 24, 260, 320, (40, 140)),
        Size("city", 4, 20, 10_000, 22_000, 260, 8, 96, 3_200, 4_200, (150, 900)),
        Size("province", 200, 1_000, 250_000, 1_100_000, 65_000, 960, 4_200, 129_000, 190_000, (250, 1_500)),
    )
}
