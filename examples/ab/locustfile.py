"""The load of both deployments."""

from locust import HttpUser, constant_throughput, task


class Reader(HttpUser):
    wait_time = constant_throughput(10)

    @task
    def search(self):
        self.client.get("/search?q=load", name="/search")

    @task
    def health(self):
        self.client.get("/health")
