"""The tables of files are in `conversations`, where sending moves an upload to its message."""

from api.conversations.file_models import BroadcastFile as BroadcastFile
from api.conversations.file_models import MessageMedia as MessageMedia
from api.conversations.file_models import Upload as Upload
