"""The floor under every HTTP figure: the same server, with a JSON model and nothing behind it."""

import sys

import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel


class Answer(BaseModel):
    status: str
    received: int


app = FastAPI()


@app.post("/")
async def answer(request: Request) -> Answer:
    return Answer(status="ok", received=len(await request.body()))


@app.get("/healthz")
async def healthz() -> Answer:
    return Answer(status="ok", received=0)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
