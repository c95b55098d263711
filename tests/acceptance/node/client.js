// Calls every operation of the gateway with signed messages and prints what came back, one JSON document.
// Argument: a JSON object with url, certificate, key (paths), sender, password, delivery, timestamp;
// with questions (serviceId, document) it asks these instead.
"use strict";

const fs = require("fs");
const soap = require("soap");

const settings = JSON.parse(process.argv[2]);
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";

const now = () => new Date().toISOString();
const sender = { senderId: settings.sender, password: settings.password };

function security() {
  return new soap.WSSecurityCert(fs.readFileSync(settings.key), fs.readFileSync(settings.certificate), "", {
    hasTimeStamp: settings.timestamp,
    signatureAlgorithm: RSA_SHA256,
    digestAlgorithm: SHA256,
    signatureTransformations: [EXC_C14N],
  });
}

async function client(path) {
  const created = await soap.createClientAsync(settings.url + path);
  created.setSecurity(security());
  return created;
}

async function call(created, operation, request) {
  try {
    const [result] = await created[operation + "Async"]({ request });
    return { result };
  } catch (error) {
    if (!error.root) {
      throw error;
    }
    return { fault: error.root.Envelope.Body.Fault };
  }
}

const messageInfo = (serviceId) => ({ messageId: "1", serviceId, messageType: "REQUEST", messageDate: now(), sender });

// The portal's questions, each as text and as nested XML.
async function ask(sync) {
  const answers = [];
  for (const { serviceId, document } of settings.questions) {
    for (const data of [document, { $xml: document }]) {
      const requestInfo = { messageId: "1", serviceId, messageDate: now(), sender };
      answers.push(await call(sync, "SendMessage", { requestInfo, requestData: { data } }));
    }
  }
  return answers;
}

async function main() {
  const sync = await client("/shep/sync?wsdl");
  if (settings.questions) {
    process.stdout.write(JSON.stringify(await ask(sync)));
    return;
  }
  const channel = await client("/shep/async?wsdl");
  const push = await client("/shep/async?wsdl=client");
  const answers = {};
  answers.SendMessage = await call(sync, "SendMessage", {
    requestInfo: { messageId: "1", serviceId: "KSL-1", messageDate: now(), sender },
    requestData: { data: "<a>ұл</a>" },
  });
  answers.sendMessage = await call(channel, "sendMessage", {
    messageInfo: messageInfo("KSL-1"),
    messageData: { data: { $xml: '<a xmlns="urn:x"><b>ұл</b></a>' } },
  });
  answers.sendDeliveryNotification = await call(channel, "sendDeliveryNotification", {
    notification: {
      messageId: settings.delivery,
      serviceId: "KSL-1",
      notificationDate: now(),
      deliveryStatus: { receiveStatus: "MESSAGE_ACCEPTED", statusDate: now(), resendMessage: "NOT_RESEND" },
    },
    requestDate: now(),
    sender,
  });
  answers.getMessageStatus = await call(channel, "getMessageStatus", {
    messageId: settings.delivery,
    requestDate: now(),
    sender,
  });
  answers.getMessages = await call(channel, "getMessages", { serviceId: "KSL-1", sender, amount: 10 });
  answers.clientSendMessage = await call(push, "sendMessage", {
    messageInfo: messageInfo("KSL-1"),
    messageData: { data: "<a/>" },
  });
  answers.changeMassageStatusNotification = await call(push, "changeMassageStatusNotification", {
    notification: {
      notificationId: "1",
      messageId: settings.delivery,
      notificationDate: now(),
      messageState: "DELIVERED",
      status: { statusCode: "200", statusMessage: "OK", statusDate: now() },
    },
    requestDate: now(),
  });
  answers.fault = await call(channel, "getMessageStatus", { messageId: "other", requestDate: now(), sender });
  sync.setSecurity(null);
  answers.unsigned = await call(sync, "SendMessage", {
    requestInfo: { messageId: "1", serviceId: "KSL-1", messageDate: now(), sender },
    requestData: { data: "<a/>" },
  });
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  process.stderr.write(String((error && error.stack) || error));
  process.exit(1);
});
