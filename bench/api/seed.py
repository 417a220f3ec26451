"""What is compared with: the same rows of the same database, as FastAPI would serve them.

The rows are read with SQL for every request, as the seed does; `uvicorn seed:app`, with the
database in PRAHARI_DB.
"""

import json
import os
import sqlite3

from fastapi import FastAPI

app = FastAPI()
database = sqlite3.connect(f"file:{os.environ['PRAHARI_DB']}?mode=ro", uri=True, check_same_thread=False)


@app.get("/api/incidents")
def incidents(limit: int = 50):
    rows = database.execute(
        "SELECT b.body FROM incidents i JOIN incident_bodies b ON b.incident = i.n "
        "ORDER BY i.last_seen DESC, i.id DESC LIMIT ?", (limit,))
    return {"incidents": [json.loads(body) for (body,) in rows]}
