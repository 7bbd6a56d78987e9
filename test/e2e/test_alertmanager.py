"""Alerts that an Alertmanager sends."""
import urllib.error
import urllib.request

from harness.case import EndToEndTest
from harness.prometheus import Alertmanager, Page, Prometheus

NOTHING = "rules:\n  - {alert: E2ENothing, resource: pods, when: 'false', title: t}\n"


class AlertmanagerTest(EndToEndTest):
    def test_alerts_of_a_real_alertmanager_get_cards(self):
        """I1"""
        page = Page('queue_length{queue="mail",namespace="shop",pod="mailer-1"} 42\n')
        self.addCleanup(page.close)
        token = self.directory / "token"
        token.write_text("from-alertmanager\n")
        agent = self.agent(rules=NOTHING, defaults=False, alertmanager={"token_file": str(token)}).start()
        alertmanager, prometheus = Alertmanager(self.directory / "alertmanager"), Prometheus(self.directory / "prometheus")
        self.addCleanup(alertmanager.end)
        self.addCleanup(prometheus.end)
        webhook = {"url": f"http://127.0.0.1:{agent.port}/api/alertmanager?cluster=prod", "send_resolved": True,
                   "http_config": {"authorization": {"credentials": "from-alertmanager"}}}
        alertmanager.start(webhook)
        rule = {"alert": "MailQueueLong", "expr": "queue_length > 10", "labels": {"severity": "critical"},
                "annotations": {"summary": "{{ $labels.queue }} has {{ $value }} waiting"}}
        prometheus.start([f"127.0.0.1:{page.port}"], rules={"groups": [{"name": "mail", "rules": [rule]}]},
                         alertmanager=f"127.0.0.1:{alertmanager.port}")
        card = self.await_card(rule="MailQueueLong", seconds=60)
        self.assertEqual((card["title"], card["severity"]), ("mail has 42 waiting", "critical"))
        self.assertIn("prod", card["subtitle"])
        agent.kill()
        agent.start()
        page.text = 'queue_length{queue="mail",namespace="shop",pod="mailer-1"} 1\n'
        self.assertEqual(self.await_card("resolved", rule="MailQueueLong", seconds=90)["id"], card["id"])
        self.assert_nothing_repeated()

    def test_payload_of_nobody_known_or_of_no_sense_is_refused(self):
        agent = self.agent(rules=NOTHING, defaults=False).start()

        def post(body, authorization):
            request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/api/alertmanager", data=body.encode(),
                                             headers={"Authorization": authorization})
            try:
                return urllib.request.urlopen(request, timeout=5).status
            except urllib.error.HTTPError as error:
                return error.code
        self.assertEqual(post('{"version":"4","alerts":[]}', "Bearer "), 401)
        self.assertEqual(post('{"version":"4","alerts":[]}', "Bearer guess"), 401)
        token = (agent.data / "token").read_text().strip()
        self.assertEqual(post("{}", f"Bearer {token}"), 400)
        self.assertEqual(post('{"version":"4","alerts":[]}', f"Bearer {token}"), 200)
