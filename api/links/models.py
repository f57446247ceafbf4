"""Table of the organization's links."""

from sqlalchemy.orm import Mapped

from api.kit.database import Base, OrganizationRow


class OrganizationLink(OrganizationRow, Base):
    """A link into another system of the business, shown beside a conversation."""

    __tablename__ = "organization_links"

    label: Mapped[str]
    url_template: Mapped[str]
    position: Mapped[int]
