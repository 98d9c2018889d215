"""The slide's application on Flask: `gunicorn on_flask:application`, with workers that do one thing at a time."""

import psycopg
from flask import Flask, jsonify
from psycopg.rows import dict_row

SELECT = "select id, name, note from resources order by id limit 20"

application = Flask(__name__)
_connection = None


def database():
    """Returns the one connection of this worker. It is found by PGHOST, PGUSER and PGDATABASE."""
    global _connection
    if _connection is None:
        _connection = psycopg.connect(autocommit=True, row_factory=dict_row)
    return _connection


@application.get("/")
def index():
    return "Hello, World!", {"content-type": "text/plain; charset=utf-8"}


@application.get("/fetch")
def fetch():
    return jsonify(database().execute(SELECT).fetchall())
