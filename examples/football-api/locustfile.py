"""Fans of a football API, for Locust: what they look at, by how often they do."""

import random

from locust import HttpUser, between, task

LEAGUES = ["premier", "liga", "serie-a", "bundesliga"]
TEAMS = ["Rovers", "United", "City", "Athletic"]


class Fan(HttpUser):
    wait_time = between(1, 3)

    @task(20)
    def predict(self):
        body = {"home": random.choice(TEAMS), "away": "Wanderers", "match": random.randint(1, 380)}
        self.client.post("/predict", json=body)

    @task(30)
    def predictions(self):
        page, league = random.randint(1, 20), random.choice(LEAGUES)
        self.client.get(f"/predictions?page={page}&league={league}", name="/predictions")

    @task(25)
    def match(self):
        self.client.get(f"/matches/{random.randint(1, 380)}", name="/matches/[id]")

    @task(15)
    def standings(self):
        self.client.get("/standings")

    @task(10)
    def health(self):
        self.client.get("/health")
