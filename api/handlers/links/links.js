"use strict";
// The link is `/links#NAME=TOKEN`. Nothing happens before the button is pressed.
(() => {
  const acts = {
    "revoke-session": {
      en: {
        title: "Was this not you?",
        text: "Every session on the device that your mail tells of ends at once. Change your password afterwards: somebody knew it.",
        button: "Sign that device out",
        done: "The device is signed out. Now change your password.",
      },
      de: {
        title: "Waren Sie das nicht?",
        text: "Jede Sitzung auf dem Gerät aus Ihrer Nachricht endet sofort. Ändern Sie danach Ihr Passwort: jemand kannte es.",
        button: "Dieses Gerät abmelden",
        done: "Das Gerät ist abgemeldet. Ändern Sie jetzt Ihr Passwort.",
      },
      path: "/v1/session-revocations",
    },
    "cancel-factor-reset": {
      en: {
        title: "Keep your second factor",
        text: "Somebody asked to remove the second factor of your account. If it was not you, call it off here and change your password: somebody knew it.",
        button: "Keep my second factor",
        done: "The request was called off. Your second factor stays.",
      },
      de: {
        title: "Zweiten Faktor behalten",
        text: "Jemand bat, den zweiten Faktor Ihres Kontos zu entfernen. Waren Sie es nicht, brechen Sie es hier ab und ändern Sie Ihr Passwort: jemand kannte es.",
        button: "Zweiten Faktor behalten",
        done: "Die Anfrage ist abgebrochen. Ihr zweiter Faktor bleibt.",
      },
      path: "/v1/factor-reset-cancellations",
    },
  };
  const common = {
    en: { none: "This link is incomplete. Open it from your mail once more.", gone: "This link has done its work, or has lapsed.", failed: "That did not work. Try again in a moment." },
    de: { none: "Dieser Link ist unvollständig. Öffnen Sie ihn noch einmal aus Ihrer Nachricht.", gone: "Dieser Link hat seinen Zweck erfüllt oder ist abgelaufen.", failed: "Das hat nicht geklappt. Versuchen Sie es gleich noch einmal." },
  };
  const language = navigator.language.startsWith("de") ? "de" : "en";
  document.documentElement.lang = language;
  const at = (id) => document.getElementById(id);
  const [name, token] = location.hash.slice(1).split("=");
  const act = Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (!act || !token) {
    at("text").textContent = common[language].none;
    return;
  }
  const words = act[language];
  at("title").textContent = words.title;
  at("text").textContent = words.text;
  const button = at("act");
  button.textContent = words.button;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const answer = await fetch(act.path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token }),
        credentials: "omit",
      });
      if (answer.ok || answer.status === 404 || answer.status === 410) {
        at("outcome").textContent = answer.ok ? words.done : common[language].gone;
        button.hidden = true;
        return;
      }
    } catch {
      // Told below, like any other failure.
    }
    at("outcome").textContent = common[language].failed;
    button.disabled = false;
  });
})();
