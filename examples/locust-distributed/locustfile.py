"""Users of a football API, for Locust on as many cores or machines as it takes."""

from locust import FastHttpUser, between, task


class Fan(FastHttpUser):
    wait_time = between(0.05, 0.15)

    @task(3)
    def matches(self):
        self.client.get("/matches?page=1", name="GET /matches")

    @task(2)
    def standings(self):
        self.client.get("/standings", name="GET /standings")

    @task(1)
    def predictions(self):
        body = {"home": "Ajax", "away": "Benfica"}
        self.client.post("/predictions", json=body, name="POST /predictions")
