"""Drives the simulator's newer APIs with Twilio's own library; prints `done`. The arguments: base, account, token, number, service, full
service, customer profile, trust product."""
import sys
import urllib.parse

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

base, account, token, number, service, full, profile, product = sys.argv[1:]


class Simulated(TwilioHttpClient):
    def request(self, method, url, *args, **kwargs):
        here = urllib.parse.urlsplit(base)
        url = urllib.parse.urlsplit(url)._replace(scheme=here.scheme, netloc=here.netloc).geturl()
        return super().request(method, url, *args, **kwargs)


def refused(status, code, act):
    try:
        act()
    except TwilioRestException as error:
        assert (error.status, error.code) == (status, code), error
        return
    raise AssertionError(f"it was not refused with {code}")


client = Client(account, token, http_client=Simulated())

# A messaging service: join, look, page, leave.
members = client.messaging.v1.services(service).phone_numbers
refused(412, 21714, lambda: client.messaging.v1.services(full).phone_numbers.create(phone_number_sid=number))
joined = members.create(phone_number_sid=number)
assert (joined.sid, joined.service_sid) == (number, service)
refused(409, 21710, lambda: members.create(phone_number_sid=number))
refused(409, 21712, lambda: client.messaging.v1.services(full).phone_numbers.create(phone_number_sid=number))
assert [member.sid for member in members.list(page_size=1)] == [number]
assert client.messaging.v1.services(service).phone_numbers(number).fetch().sid == number
assert client.messaging.v1.services(service).fetch().use_inbound_webhook_on_number is False
assert {one.sid for one in client.messaging.v1.services.list()} == {service, full}
campaigns = client.messaging.v1.services(service).us_app_to_person.list()
assert [campaign.campaign_status for campaign in campaigns] == ["VERIFIED"]
assert client.messaging.v1.services(full).us_app_to_person.list() == []
assert client.messaging.v1.tollfree_verifications.list() == []

# TrustHub: the profile, then the product.
for bundle, assignments in [
    (client.trusthub.v1.customer_profiles(profile), "customer_profiles_channel_endpoint_assignment"),
    (client.trusthub.v1.trust_products(product), "trust_products_channel_endpoint_assignment"),
]:
    assert bundle.fetch().status == "twilio-approved"
    assigned = getattr(bundle, assignments).create(channel_endpoint_type="phone-number", channel_endpoint_sid=number)
    found = getattr(bundle, assignments).list(channel_endpoint_sid=number)
    assert [one.sid for one in found] == [assigned.sid]
assert client.trusthub.v1.trust_products(product).trust_products_channel_endpoint_assignment(assigned.sid).delete()

# Event streams.
sink = client.events.v1.sinks.create(
    description="ours",
    sink_type="webhook",
    sink_configuration={"destination": "https://example.com/events", "method": "POST", "batch_events": False},
)
assert sink.status == "active" and [one.sid for one in client.events.v1.sinks.list()] == [sink.sid]
kind = "com.twilio.messaging.compliance.number-registration."
subscription = client.events.v1.subscriptions.create(
    description="ours", sink_sid=sink.sid, types=[{"type": kind + "successful", "schema_version": 1}, {"type": kind + "failed"}]
)
assert [one.sid for one in client.events.v1.subscriptions.list(sink_sid=sink.sid)] == [subscription.sid]
events = client.events.v1.subscriptions(subscription.sid).subscribed_events
events.create(type=kind + "pending")
assert {one.type for one in events.list()} == {kind + word for word in ["successful", "failed", "pending"]}
assert client.events.v1.subscriptions(subscription.sid).delete()
assert client.events.v1.sinks(sink.sid).delete()

# Who changed the number.
client.incoming_phone_numbers(number).update(friendly_name="front desk")
assert client.monitor.v1.events.list(resource_sid=number)[0].event_type == "phone-number.updated"

assert client.messaging.v1.services(service).phone_numbers(number).delete()
refused(404, 21711, lambda: client.messaging.v1.services(service).phone_numbers(number).delete())
print("done")
