"""Values and the verification that the tests of the audit log share."""

from api.audit.rules import BrokenEntry
from api.audit_log import service as audit_log
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def verified(world: World) -> int | BrokenEntry:
    return await audit_log.verify_log(world.service.database, world.organization_id)
