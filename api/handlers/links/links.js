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
  const rights = {
    en: {
      title: "Your rights over your data",
      text: "You are not signed in, so whoever reads your mailbox could be here. What you ask for restricts at once; nothing is erased or handed over before we have seen who asks.",
      ask: "What do you want?",
      kinds: {
        access: "A copy of everything that is held about me",
        portability: "What I gave you, to take it elsewhere",
        erasure: "Erase everything about me",
        restriction: "Keep my data, and do nothing else with them",
        objection: "Stop using my data for anything that I can object to",
      },
      look: "See what follows",
      follows: "What follows from it",
      codes: {
        disclosures_refused: "My data are disclosed to nobody.",
        counting_stops: "I am not counted for advertisements any more.",
        support_waits: "Support cannot open my data to answer me.",
        verification_waits: "A verification of my identity waits, and the day by which it is due stays.",
        mails_stop: "Amendments of the policy are told in the service alone.",
        service_ends: "My account ends, and nobody signs in to it again.",
        archive_prepared: "An archive is prepared, and can be downloaded for seven days.",
      },
      kept: (law, until) => `Where a law wants it, something is kept until ${until}: ${law}.`,
      file: "File this request",
      filed: (day) => `Your request has arrived. We answer it by ${day}.`,
      keep: "Keep this. It is shown this once, and opens the result of your request:",
      proof: "Show us who you are: a picture or a PDF, 10 MiB at most",
      send: "Hand it in",
      sent: "It has arrived.",
      duplicate: "Such a request is under way already.",
      refused: "That cannot be taken.",
    },
    de: {
      title: "Ihre Rechte an Ihren Daten",
      text: "Sie sind nicht angemeldet; wer Ihr Postfach liest, könnte hier sein. Was Sie verlangen, beschränkt die Verarbeitung sofort; gelöscht oder herausgegeben wird nichts, bevor wir gesehen haben, wer es verlangt.",
      ask: "Was möchten Sie?",
      kinds: {
        access: "Eine Kopie von allem, was über mich gespeichert ist",
        portability: "Was ich angegeben habe, um es mitzunehmen",
        erasure: "Alles über mich löschen",
        restriction: "Meine Daten behalten und sonst nichts damit tun",
        objection: "Meine Daten für nichts mehr verwenden, dem ich widersprechen kann",
      },
      look: "Folgen ansehen",
      follows: "Was daraus folgt",
      codes: {
        disclosures_refused: "Meine Daten werden niemandem weitergegeben.",
        counting_stops: "Ich werde für Werbung nicht mehr gezählt.",
        support_waits: "Der Support kann meine Daten nicht öffnen, um mir zu antworten.",
        verification_waits: "Eine Prüfung meiner Identität wartet; der Tag, bis zu dem sie fällig ist, bleibt.",
        mails_stop: "Änderungen der Datenschutzerklärung stehen nur noch im Dienst.",
        service_ends: "Mein Konto endet, und niemand meldet sich mehr daran an.",
        archive_prepared: "Ein Archiv wird erstellt und kann sieben Tage lang geladen werden.",
      },
      kept: (law, until) => `Wo ein Gesetz es verlangt, wird etwas bis zum ${until} aufbewahrt: ${law}.`,
      file: "Diesen Antrag einreichen",
      filed: (day) => `Ihr Antrag ist eingegangen. Wir beantworten ihn bis zum ${day}.`,
      keep: "Bewahren Sie das auf. Es wird nur jetzt gezeigt und öffnet das Ergebnis Ihres Antrags:",
      proof: "Zeigen Sie uns, wer Sie sind: ein Bild oder PDF, höchstens 10 MiB",
      send: "Einreichen",
      sent: "Es ist eingegangen.",
      duplicate: "Ein solcher Antrag läuft schon.",
      refused: "Das kann nicht angenommen werden.",
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
  const post = (path, body) => fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  if (name === "rights-request" && token) {
    useRights(rights[language]);
    return;
  }
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
      const answer = await post(act.path, { token });
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

  // A right is chosen, what follows is shown, and it is filed with that very preview.
  function useRights(words) {
    at("title").textContent = words.title;
    at("text").textContent = words.text;
    at("ask").textContent = words.ask;
    for (const [kind, label] of Object.entries(words.kinds)) {
      const choice = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "kind", value: kind });
      choice.append(radio, " ", label);
      at("kinds").append(choice);
    }
    at("rights").hidden = false;
    const button = at("act");
    button.hidden = false;
    let preview;
    const begin = () => {
      preview = undefined;
      at("preview").hidden = true;
      at("outcome").textContent = "";
      button.textContent = words.look;
      button.disabled = !chosen();
    };
    const chosen = () => new FormData(at("rights")).get("kind");
    const day = (instant) => new Date(instant).toLocaleDateString(language, { dateStyle: "long" });
    const tell = (answer) => {
      const said = { 409: words.duplicate, 410: common[language].gone };
      at("outcome").textContent = said[answer?.status] ?? common[language].failed;
    };
    at("rights").addEventListener("change", begin);
    begin();
    button.addEventListener("click", async () => {
      button.disabled = true;
      const kind = chosen();
      try {
        const answer = preview
          ? await post("/v1/rights-request-links/filings", { token, kind, preview })
          : await post("/v1/rights-request-links/previews", { token, kind });
        if (!answer.ok) {
          tell(answer);
        } else if (preview) {
          filed(await answer.json());
          return;
        } else {
          preview = shown(await answer.json());
        }
      } catch {
        tell();
      }
      button.disabled = false;
    });

    function shown(answer) {
      at("follows").textContent = words.follows;
      const kept = answer.entries.filter((entry) => entry.fate === "kept");
      const lines = [
        ...answer.consequences.map(({ code }) => words.codes[code] ?? code),
        ...kept.map(({ law, until }) => words.kept(law, day(until))),
      ];
      at("consequences").replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
      at("preview").hidden = false;
      button.textContent = words.file;
      return answer.preview;
    }

    function filed(answer) {
      for (const id of ["rights", "preview", "act"]) at(id).hidden = true;
      at("outcome").textContent = words.filed(day(answer.request.due_at));
      at("keep").textContent = words.keep;
      at("token").textContent = answer.result_token;
      at("proof").textContent = words.proof;
      at("send").textContent = words.send;
      at("filed").hidden = false;
      at("send").addEventListener("click", async () => {
        const [file] = at("file").files;
        if (!file) return;
        at("send").disabled = true;
        const form = new FormData();
        form.append("result_token", answer.result_token);
        form.append("file", file);
        try {
          const taken = await fetch("/v1/rights-request-results/evidence", { method: "POST", body: form, credentials: "omit" });
          at("sent").textContent = taken.ok ? words.sent : words.refused;
        } catch {
          at("sent").textContent = common[language].failed;
        }
        at("send").disabled = false;
      });
    }
  }
})();
