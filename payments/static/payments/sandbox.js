// The three buttons of the sandbox's checkout.
"use strict";

const STATUS = {
  created: "Waiting", authorized: "Authorised", captured: "Paid", partially_refunded: "Partly refunded",
  refunded: "Refunded", failed: "Failed", expired: "Expired", review: "In review", disputed: "Disputed",
  charged_back: "Charged back",
};
const SAID = {
  captured: "Paid. You can go back to the app.",
  failed: "The bank refused. You can try again.",
  expired: "Too late: what you paid is being given back.",
  refunded: "Too late: what you paid was given back.",
  review: "The payment is being looked at by our staff.",
};
const buttons = [...document.querySelectorAll("#checkout button")];
const answer = document.getElementById("answer");
const status = document.getElementById("status");

// The card is optional: with one, the sandbox tells the shop which it was, as a real gateway does.
function body() {
  const last4 = document.getElementById("last4").value.trim();
  const name = document.getElementById("holder").value.trim();
  return last4 || name ? { card: { last4, name } } : {};
}

async function press(button) {
  buttons.forEach((one) => { one.disabled = true; });
  answer.textContent = "One moment ...";
  let over = false;
  try {
    const response = await fetch(button.dataset.url, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body()),
    });
    const said = await response.json();
    if (response.ok) {
      status.textContent = STATUS[said.payment_status] || said.payment_status;
      answer.textContent = SAID[said.payment_status] || "";
      over = said.payment_status !== "failed" && said.payment_status !== "created";
    } else {
      answer.textContent = said.error;
    }
  } catch {
    answer.textContent = "The server doesn't answer. Please try again.";
  }
  buttons.forEach((one) => { one.disabled = over; });
}

buttons.forEach((button) => button.addEventListener("click", () => press(button)));
