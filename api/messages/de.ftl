mail-verification-code = Ihr Code für ein Smart-mining-Konto
    .body =
        Ihr Code ist { $code }

        Geben Sie ihn innerhalb von { $minutes } Minuten dort ein, wo Sie sich registriert haben.
        Er gilt einmal. Haben Sie sich nicht registriert, ignorieren Sie diese Nachricht:
        ohne den Code wird kein Konto eröffnet.

mail-address-already-registered = Sie haben bereits ein Smart-mining-Konto
    .body =
        Jemand, vielleicht Sie, wollte mit dieser Adresse ein Konto eröffnen.
        Sie haben schon eines: melden Sie sich an, oder setzen Sie Ihr Passwort zurück.
        Waren Sie es nicht, ist nichts zu tun. Niemand erfuhr, dass das Konto besteht.

mail-account-opened = Ihr Smart-mining-Konto ist eröffnet
    .body =
        Ihr Konto ist eröffnet. Sie haben der Datenschutzerklärung in Version { $version } zugestimmt.

        Wozu Sie zugestimmt haben, wer was erhalten hat und wer Ihre Daten angesehen hat,
        sehen Sie jederzeit nach der Anmeldung.

problem-malformed-json = Der Inhalt ist kein gültiges JSON-Objekt
problem-malformed-request = Die Anfrage ist fehlerhaft
problem-invalid-cursor = Der Seitenzeiger ist ungültig
problem-request-timeout = Die Anfrage kam zu langsam
problem-unauthenticated = Anmeldung erforderlich
problem-invalid-credentials = E-Mail-Adresse oder Passwort ist falsch
problem-invalid-refresh-token = Das Erneuerungstoken ist ungültig
problem-policy-acceptance-required = Die geltende Datenschutzerklärung ist nicht angenommen
problem-not-found = Nicht gefunden
problem-method-not-allowed = Diese Methode gibt es hier nicht
problem-email-taken = Die Adresse gehört zu einem Konto
problem-policy-version-superseded = Eine neuere Datenschutzerklärung gilt
problem-idempotency-key-in-use = Die erste Anfrage mit diesem Schlüssel läuft noch
problem-idempotency-key-reused = Der Schlüssel gehört zu einer anderen Anfrage
problem-already-done = Die Anfrage wurde bereits ausgeführt
problem-registration-expired = Die Registrierung ist abgelaufen
problem-stale-version = Der Stand hat sich inzwischen geändert
problem-body-too-large = Der Inhalt ist zu groß
problem-unsupported-media-type = Der Inhaltstyp wird nicht unterstützt
problem-host-not-allowed = Dieser Dienst antwortet nicht unter diesem Namen
problem-validation-failed = Die Angaben sind unzulässig
problem-wrong-code = Der Code ist falsch
problem-account-restricted = Das Konto ist eingeschränkt
problem-too-many-requests = Zu viele Anfragen
problem-internal = Interner Fehler
problem-try-again = Vorübergehend nicht verfügbar
