"""What crosses the wire of uploads."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.media.models import Upload


class UploadOut(BaseModel):
    """A file that can be sent with a message, until `expires_at`. Its uploader sees it at `url`."""

    model_config = ConfigDict(title="Upload")

    id: UUID
    """What `attachments` of a message takes."""
    url: str
    """The path of its bytes, for its uploader."""
    name: str
    """The name of the file."""
    content_type: str
    """By its bytes, after a picture was made anew."""
    size: int
    """Bytes, as it will be sent."""
    width: int | None
    """Pixels of a picture; else null."""
    height: int | None
    """Pixels of a picture; else null."""
    expires_at: datetime
    """When it is deleted unless a message holds it."""

    @classmethod
    def of(cls, upload: Upload) -> "UploadOut":
        return cls(
            id=upload.id,
            url=f"/api/v1/media/{upload.id}/content",
            name=upload.name,
            content_type=upload.content_type,
            size=upload.size,
            width=upload.width,
            height=upload.height,
            expires_at=upload.expires_at,
        )


class UploadRequest(BaseModel):
    """What makes two requests under one `Idempotency-Key` the same."""

    name: str
    sha256: str
