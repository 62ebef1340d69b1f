"""Visitors of the shop: each walks the same way through it, one visit every 1.2 seconds.

The pacing fixes the load, so that a slower page does not lower the rate of the other pages, and
25 visitors leave the machine mostly idle: what is measured is the shop and not the queue in front of it.
"""

import random

import gevent
from locust import FastHttpUser, constant_pacing, task

VISIT_EVERY_S = 1.2


class Visitor(FastHttpUser):
    wait_time = constant_pacing(VISIT_EVERY_S)

    def on_start(self):
        # Visitors who all come at the same moment would queue at the door.
        gevent.sleep(random.uniform(0, VISIT_EVERY_S))

    @task
    def visit(self):
        product = random.randint(1, 500)
        self.client.get("/")
        self.client.get("/products")
        self.client.get(f"/products/{product}", name="/products/[id]")
        self.client.get("/search?q=teapot", name="/search")
        self.client.post("/cart", json={"product": product})
        self.client.post("/checkout", json={"product": product})
