"""A browser behind a gateway: signs in at the console, looks up the caller `alice`, and prints the page. Runs in
the network of the gateway, which speaks to the console without TLS."""

import http.client
import ssl
import time
import urllib.parse

CONSOLE = "console.example"


class Browser:
    """Keeps the console's cookie."""

    def __init__(self) -> None:
        self.cookie = ""

    def console(self, method: str, path: str, body: str = "") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("console.postern.svc", 8080, timeout=10)
        headers = {"Host": CONSOLE, "X-Forwarded-For": "192.0.2.9", "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        if given := answer.getheader("Set-Cookie"):
            assert "Secure" in given and given.startswith("__Host-"), given
            self.cookie = given.split(";")[0]
        return answer


def provider(url: str) -> str:
    """Follows the redirect to the identity provider, and returns the one back."""
    asked = urllib.parse.urlsplit(url)
    connection = http.client.HTTPSConnection(asked.hostname, context=ssl.create_default_context())
    connection.request("GET", f"{asked.path}?{asked.query}")
    return connection.getresponse().getheader("Location")


def main() -> None:
    browser = Browser()
    begun = time.monotonic()
    # The provider's pod may be new.
    while (answer := browser.console("GET", "/sign-in?to=/desk")).status != 303:
        assert time.monotonic() - begun < 20, answer.read().decode()
        time.sleep(0.5)
    back = urllib.parse.urlsplit(provider(answer.getheader("Location")))
    assert back.netloc == CONSOLE, back
    answer = browser.console("GET", f"{back.path}?{back.query}")
    assert answer.status == 303, answer.read().decode()
    answer = browser.console("POST", "/desk", "identifier_type=user_id&user=alice&pairing_number=")
    text = answer.read().decode()
    assert answer.status == 200, text
    print(text)


if __name__ == "__main__":
    main()
