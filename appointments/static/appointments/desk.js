// Dragging on the workshop desk. A drop fills in the card's own "Move" form and sends it: the server decides, through
// the guard of every booking. Without a mouse (or this file) the form is there all the same.
(() => {
  const board = document.querySelector(".desk-board");
  if (!board || !board.dataset.opens) return;
  const minutesOfRow = Number(board.dataset.row);
  const heads = [...board.querySelectorAll("h3[data-bay]")];
  let dragged = null;
  let grip = 0; // pixels between the card's top and where it was taken
  let target = null;

  // The board's line and bay under the pointer; null outside of the bays.
  function spot(event) {
    const top = board.getBoundingClientRect().top;
    const row = parseFloat(getComputedStyle(board).gridAutoRows);
    const head = heads[0].getBoundingClientRect().height;
    const bay = heads.find((one) => {
      const box = one.getBoundingClientRect();
      return event.clientX >= box.left && event.clientX <= box.right;
    });
    const line = Math.round((event.clientY - grip - top - head) / row);
    return bay && line >= 0 && line < Number(board.dataset.lines) ? { bay, line } : null;
  }

  // The form speaks the shop's own wall clock, on days when it changes too (Swedes write dates as the field does).
  const wall = new Intl.DateTimeFormat("sv-SE", { timeZone: board.dataset.zone, dateStyle: "short", timeStyle: "short" });
  function clockAt(line) {
    return wall.format(Number(board.dataset.opens) + line * minutesOfRow * 60_000).replace(" ", "T");
  }

  function mark(place) {
    if (!place) return target?.remove();
    target ??= Object.assign(document.createElement("div"), { className: "desk-target" });
    const lines = dragged.style.gridRowEnd - dragged.style.gridRowStart;
    target.style.gridColumn = place.bay.style.gridColumnStart || place.bay.style.gridColumn;
    target.style.gridRow = `${place.line + 2} / ${place.line + 2 + lines}`;
    board.append(target);
  }

  function done() {
    dragged?.classList.remove("desk-dragged");
    dragged = null;
    target?.remove();
  }

  board.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.("[draggable]");
    if (!card) return;
    dragged = card;
    grip = event.clientY - card.getBoundingClientRect().top;
    card.classList.add("desk-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.querySelector("[name=appointment]").value);
  });
  board.addEventListener("dragover", (event) => {
    const place = dragged && spot(event);
    if (place) event.preventDefault();
    if (dragged) mark(place);
  });
  board.addEventListener("dragend", done);
  board.addEventListener("drop", (event) => {
    const place = dragged && spot(event);
    const form = dragged?.querySelector(".desk-move");
    done();
    if (!place || !form) return;
    event.preventDefault();
    form.elements.start.value = clockAt(place.line);
    form.elements.bay.value = place.bay.dataset.bay;
    form.requestSubmit();
  });
})();
