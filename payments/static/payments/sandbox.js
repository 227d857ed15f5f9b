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

async function press(button) {
  buttons.forEach((one) => { one.disabled = true; });
  answer.textContent = "One moment ...";
  let over = false;
  try {
    const response = await fetch(button.dataset.url, { method: "POST" });
    const body = await response.json();
    if (response.ok) {
      status.textContent = STATUS[body.payment_status] || body.payment_status;
      answer.textContent = SAID[body.payment_status] || "";
      over = body.payment_status !== "failed" && body.payment_status !== "created";
    } else {
      answer.textContent = body.error;
    }
  } catch {
    answer.textContent = "The server doesn't answer. Please try again.";
  }
  buttons.forEach((one) => { one.disabled = over; });
}

buttons.forEach((button) => button.addEventListener("click", () => press(button)));
