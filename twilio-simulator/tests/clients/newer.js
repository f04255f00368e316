// Drives the simulator's newer APIs with Twilio's own library; prints `done`. The arguments: base, account, token, number, service,
// full service, customer profile, trust product.
const assert = require("node:assert/strict");
const twilio = require("twilio");

const [base, account, token, number, service, full, profile, product] = process.argv.slice(2);

class Simulated extends twilio.RequestClient {
  request(options) {
    const url = new URL(options.uri);
    return super.request({ ...options, uri: `${base}${url.pathname}${url.search}` });
  }
}

async function refused(status, code, act) {
  await assert.rejects(act, (error) => {
    assert.deepEqual([error.status, error.code], [status, code], String(error));
    return true;
  });
}

async function main() {
  const client = twilio(account, token, { httpClient: new Simulated() });

  // A messaging service: join, look, page, leave.
  const { messaging, trusthub, events, monitor } = client;
  const members = messaging.v1.services(service).phoneNumbers;
  await refused(412, 21714, () => messaging.v1.services(full).phoneNumbers.create({ phoneNumberSid: number }));
  const joined = await members.create({ phoneNumberSid: number });
  assert.deepEqual([joined.sid, joined.serviceSid], [number, service]);
  await refused(409, 21710, () => members.create({ phoneNumberSid: number }));
  await refused(409, 21712, () => messaging.v1.services(full).phoneNumbers.create({ phoneNumberSid: number }));
  assert.deepEqual((await members.list({ pageSize: 1 })).map((member) => member.sid), [number]);
  assert.equal((await messaging.v1.services(service).phoneNumbers(number).fetch()).sid, number);
  assert.equal((await messaging.v1.services(service).fetch()).useInboundWebhookOnNumber, false);
  assert.deepEqual(new Set((await messaging.v1.services.list()).map((one) => one.sid)), new Set([service, full]));
  const campaigns = await messaging.v1.services(service).usAppToPerson.list();
  assert.deepEqual(campaigns.map((campaign) => campaign.campaignStatus), ["VERIFIED"]);
  assert.deepEqual(await messaging.v1.services(full).usAppToPerson.list(), []);
  assert.deepEqual(await messaging.v1.tollfreeVerifications.list(), []);

  // TrustHub: the profile, then the product.
  let assigned;
  for (const [bundle, assignments] of [
    [trusthub.v1.customerProfiles(profile), "customerProfilesChannelEndpointAssignment"],
    [trusthub.v1.trustProducts(product), "trustProductsChannelEndpointAssignment"],
  ]) {
    assert.equal((await bundle.fetch()).status, "twilio-approved");
    assigned = await bundle[assignments].create({ channelEndpointType: "phone-number", channelEndpointSid: number });
    const found = await bundle[assignments].list({ channelEndpointSid: number });
    assert.deepEqual(found.map((one) => one.sid), [assigned.sid]);
  }
  assert.ok(await trusthub.v1.trustProducts(product).trustProductsChannelEndpointAssignment(assigned.sid).remove());

  // Event streams.
  const sink = await events.v1.sinks.create({
    description: "ours",
    sinkType: "webhook",
    sinkConfiguration: { destination: "https://example.com/events", method: "POST", batch_events: false },
  });
  assert.equal(sink.status, "active");
  assert.deepEqual((await events.v1.sinks.list()).map((one) => one.sid), [sink.sid]);
  const kind = "com.twilio.messaging.compliance.number-registration.";
  const types = [{ type: `${kind}successful`, schema_version: 1 }, { type: `${kind}failed` }];
  const subscription = await events.v1.subscriptions.create({ description: "ours", sinkSid: sink.sid, types });
  const ours = await events.v1.subscriptions.list({ sinkSid: sink.sid });
  assert.deepEqual(ours.map((one) => one.sid), [subscription.sid]);
  const subscribed = events.v1.subscriptions(subscription.sid).subscribedEvents;
  await subscribed.create({ type: `${kind}pending` });
  const words = new Set((await subscribed.list()).map((one) => one.type));
  assert.deepEqual(words, new Set(["successful", "failed", "pending"].map((word) => kind + word)));
  assert.ok(await events.v1.subscriptions(subscription.sid).remove());
  assert.ok(await events.v1.sinks(sink.sid).remove());

  // Who changed the number.
  await client.incomingPhoneNumbers(number).update({ friendlyName: "front desk" });
  assert.equal((await monitor.v1.events.list({ resourceSid: number }))[0].eventType, "phone-number.updated");

  assert.ok(await messaging.v1.services(service).phoneNumbers(number).remove());
  await refused(404, 21711, () => messaging.v1.services(service).phoneNumbers(number).remove());
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
