"""Users of a football API, for Locust on as many cores or machines as it takes."""

import random

from locust import FastHttpUser, between, task


class Fan(FastHttpUser):
    wait_time = between(0.05, 0.15)

    @task(3)
    def matches(self):
        self.client.get(f"/matches/{random.randint(1, 500)}", name="/matches/[id]")

    @task(2)
    def standings(self):
        self.client.get("/standings")

    @task(1)
    def predictions(self):
        self.client.get("/predictions?league=premier&page=1", name="/predictions")
