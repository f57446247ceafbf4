"""Routes of price lists and credits."""

from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter, Response

from api.access.dependencies import Administrator, guarded
from api.access.preconditions import if_match
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.prices import credits, service
from api.prices.schemas import AddedCreditsIn, CreditsIn, CreditsOut, LinePricesIn, LinePricesOut

router = APIRouter(tags=["costs"])


@router.get("/lines/{line_id}/prices", responses=guarded(NotFound, Invalid))
async def get_line_prices(line_id: UUID, principal: Administrator, session: Session) -> LinePricesOut:
    """What a text on the line costs, by country (COST)."""
    return LinePricesOut.of(await service.line_prices(session, principal, line_id))


@router.put(
    "/lines/{line_id}/prices",
    dependencies=[if_match(get_line_prices, is_required=True)],
    responses=guarded(NotFound, Conflict, Invalid),
)
async def change_line_prices(
    line_id: UUID, body: LinePricesIn, principal: Administrator, session: Session
) -> LinePricesOut:
    """Replace the line's price list. Texts that were sent keep what they cost."""
    return LinePricesOut.of(await service.change_line_prices(session, principal, line_id, body.wanted()))


@router.get("/credits", responses=guarded())
async def get_credits(principal: Administrator, session: Session) -> CreditsOut:
    """The balance that the organization runs on, if it does."""
    return CreditsOut.of(await credits.credits_of(session, principal))


@router.put("/credits", responses=guarded(Conflict, Invalid))
async def change_credits(body: CreditsIn, principal: Administrator, session: Session) -> CreditsOut:
    """Run on credits, or no longer. Every line in service needs a price list in their currency first."""
    return CreditsOut.of(await credits.change_credits(session, principal, body.settings()))


@router.post("/credits/additions", status_code=201, response_model=CreditsOut, responses=guarded(Conflict, Invalid))
async def add_credits(
    body: AddedCreditsIn, principal: Administrator, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Add to the balance, or take out of it."""

    async def add() -> tuple[int, CreditsOut]:
        row = await credits.add_credits(session, principal, Decimal(body.amount), note=body.note)
        return 201, CreditsOut.of(row)

    return await once(session, add, key=idempotency_key, asked_by=principal, operation="add-credits", request=body)
