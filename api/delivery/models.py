"""Table of the workers' heartbeats."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base


class WorkerHeartbeat(Base):
    """When a worker's outbox loop last turned. `id` is its `PROCESS_ID`. A worker serves every organization."""

    __tablename__ = "worker_heartbeats"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())
