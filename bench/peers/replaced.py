"""A page that works as the replaced one did: Flask, a connection for each request, ORDER BY random()."""

import psycopg2
from flask import Flask, render_template_string

from bench.peers import rows

RANDOM = rows.QUERY.replace("sort_last, actor_id", "random()")
LINES = """{% for number, first, last, born, died, country in actors %}      <li>
        <a href="/actors/{{ number }}-{{ first|lower }}-{{ last|lower }}/">{{ first }} <b>{{ last }}</b></a>
        <span class="years">{% if died %}{{ born or "" }}–{{ died }}{% elif born %}born {{ born }}{% endif %}</span>
        <span class="country">{{ country }}</span>
      </li>
{% endfor %}"""

application = Flask(__name__)


@application.get("/")
def actors():
    """Return 50 random actors as HTML."""
    connection = psycopg2.connect(rows.database_url())
    cursor = connection.cursor()
    cursor.execute(RANDOM)
    found = cursor.fetchall()
    cursor.close()
    connection.close()
    return render_template_string(rows.HEAD + LINES + rows.FOOT, actors=found)
