"use strict";
const drop = document.getElementById("drop");
const input = document.getElementById("input");
const sending = document.getElementById("sending");
const zip = document.getElementById("zip");
let queue = Promise.resolve();

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit += 1; }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

// One request for each file, one after the other: each has a bar, and can be stopped by itself.
function add(file) {
  const item = document.createElement("li");
  item.innerHTML = '<div class="row"><span class="name"></span><span class="state">waits</span><button type="button">Stop</button></div>'
    + '<progress max="1" value="0"></progress>';
  item.querySelector(".name").textContent = file.name;
  item.querySelector("progress").setAttribute("aria-label", file.name);
  sending.append(item);
  const request = new XMLHttpRequest();
  item.querySelector("button").onclick = () => { request.stopped = true; request.abort(); };
  queue = queue.then(() => send(file, item, request));
}

function send(file, item, request) {
  const state = item.querySelector(".state");
  const bar = item.querySelector("progress");
  return new Promise((resolve) => {
    const end = (style, text) => {
      item.className = style;
      state.textContent = text;
      item.querySelector("button").remove();
      resolve();
    };
    if (request.stopped) return end("failed", "Stopped");
    const started = performance.now();
    request.upload.onprogress = ({ loaded, total }) => {
      const seconds = (performance.now() - started) / 1000;
      bar.value = total ? loaded / total : 1;
      const rate = seconds > 0.5 ? `, ${size(loaded / seconds)}/s` : "";
      state.textContent = `${Math.floor(100 * bar.value)} % of ${size(file.size)}${rate}`;
    };
    request.onload = () => {
      // An error is `409 Conflict: ` and what it is about.
      if (request.status >= 400) return end("failed", request.responseText.replace(/^\d+ [^:]*: /, "").trim());
      refresh().finally(() => end("done", `${size(file.size)}, stored`));
    };
    request.onerror = () => end("failed", "The connection broke off");
    request.onabort = () => end("failed", "Stopped");
    request.open("POST", location.pathname);
    request.setRequestHeader("Accept", "text/plain");
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}

// Puts the listing of now into the page, in the order that was chosen.
async function refresh() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["main > table", "main > p"]) document.querySelector(part).replaceWith(page.querySelector(part));
}

zip.href = `/.zip${location.pathname}`;
zip.hidden = false;
input.onchange = () => { for (const file of input.files) add(file); input.value = ""; };
drop.ondragover = (event) => { event.preventDefault(); drop.classList.add("over"); };
drop.ondragleave = () => drop.classList.remove("over");
drop.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  for (const file of event.dataTransfer.files) add(file);
};
