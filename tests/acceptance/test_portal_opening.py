"""A region opens the portal: an application goes its whole way through a door that its act had closed."""

from pathlib import Path

from gateway.sandbox.order import Document
from tests.support.world import order, together

BENEFIT = "kostanay.child-benefit"
ACT = f"""
[[portal_openings]]
title_kk = "Порталды ашу туралы"
title_ru = "Об открытии портала"
number = "12-3"
date = 2026-01-15
services = ["{BENEFIT}"]
"""


async def test_what_a_legal_act_opens_comes_to_its_result(tmp_path: Path) -> None:
    """Through the opened portal the citizen gets notices and the signed result, as through any other."""
    async with together(tmp_path, more_settings=ACT) as both:
        placed = await both.world.portal.apply(order(BENEFIT, documents=(Document(kind="other", name="a.pdf"),)))
        request = await both.completed(placed.number)
        assert request.result is not None, request
        assert (request.result.outcome, request.result.verdict) == ("positive", "VALID")
        assert request.case_number is not None
        assert "portal_opened_by" in await both.qaqpa("case", "show", request.case_number, "--json")
