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

mail-new-device = Neue Anmeldung bei Ihrem Smart-mining-Konto
    .body =
        Jemand, vielleicht Sie, hat sich auf einem Gerät angemeldet, auf dem Ihr Konto noch nie benutzt wurde.

        Wann: { $at }
        Wo: { $place }
        Womit: { $program }

        Waren Sie das nicht, beenden Sie diese Sitzung hier:
        { $link }
        und ändern Sie Ihr Passwort, denn jemand kennt es.

mail-step-up-code = Ihr Code zur Bestätigung
    .body =
        Ihr Code ist { $code }

        Geben Sie ihn innerhalb von { $minutes } Minuten dort ein, wo Sie danach gefragt wurden.
        Er gilt einmal. Wurden Sie nicht gefragt, ist jemand in Ihrem Konto angemeldet: beenden Sie
        alle anderen Sitzungen und ändern Sie Ihr Passwort.

sms-code = Smart-mining
    .body = Ihr Smart-mining-Code ist { $code }. Er gilt einmal, { $minutes } Minuten lang. Sagen Sie ihn niemandem.

mail-password-changed = Ihr Smart-mining-Passwort wurde geändert
    .body =
        Das Passwort Ihres Kontos wurde am { $at } geändert. Alle anderen Sitzungen sind beendet.
        Waren Sie es nicht, setzen Sie Ihr Passwort jetzt zurück.

mail-password-reset-code = Ihr Code zum Zurücksetzen des Smart-mining-Passworts
    .body =
        Ihr Code ist { $code }

        Geben Sie ihn innerhalb von { $minutes } Minuten dort ein, wo Sie ihn angefordert haben.
        Er gilt einmal. Haben Sie ihn nicht angefordert, ignorieren Sie diese Nachricht.

mail-no-account-to-reset = Kein Smart-mining-Konto hat diese Adresse
    .body =
        Jemand, vielleicht Sie, wollte das Passwort eines Kontos mit dieser Adresse zurücksetzen.
        Es gibt keines. Haben Sie ein Konto, dann mit einer anderen Adresse.
        Waren Sie es nicht, ist nichts zu tun.

mail-password-reset = Ihr Smart-mining-Passwort wurde zurückgesetzt
    .body =
        Das Passwort Ihres Kontos wurde am { $at } zurückgesetzt. Alle Sitzungen sind beendet.
        Ihr zweiter Faktor bleibt, wie er war.

        Damit Sie es merken können, falls Sie es nicht waren, wird vor { $until } keine Kopie
        Ihrer Daten erstellt und nichts gelöscht.

mail-email-change-code = Ihr Code für diese Adresse bei Smart-mining
    .body =
        Ihr Code ist { $code }

        Geben Sie ihn innerhalb von { $minutes } Minuten dort ein, wo Sie ihn angefordert haben.
        Er gilt einmal. Haben Sie ihn nicht angefordert, ignorieren Sie diese Nachricht.

mail-email-change-taken = Diese Adresse hat ein Smart-mining-Konto
    .body =
        Jemand, vielleicht Sie, wollte ein anderes Konto auf diese Adresse umstellen.
        Sie hat schon ein Konto, also ändert sich nichts. Niemand sonst erfuhr davon.

mail-email-changed = Ihr Smart-mining-Konto hat eine neue Adresse
    .body =
        Ihr Konto hat seit { $at } eine andere E-Mail-Adresse. Diese wird nicht mehr benutzt.
        Waren Sie es nicht, melden Sie sich sofort bei unserem Support.

mail-factor-added = Neuer zweiter Faktor für Ihr Smart-mining-Konto
    .body =
        { $factor ->
            [totp] Eine Authenticator-App
           *[phone] Eine Telefonnummer
        } ist seit { $at } ein zweiter Faktor Ihres Kontos. Alle anderen Sitzungen sind beendet.
        Waren Sie es nicht, setzen Sie Ihr Passwort zurück und melden Sie sich sofort beim Support.

mail-factor-removed = Ein zweiter Faktor Ihres Smart-mining-Kontos wurde entfernt
    .body =
        { $factor ->
            [totp] Die Authenticator-App
           *[phone] Die Telefonnummer
        } ist seit { $at } kein zweiter Faktor Ihres Kontos mehr. Alle anderen Sitzungen sind beendet.
        Waren Sie es nicht, setzen Sie Ihr Passwort zurück und melden Sie sich sofort beim Support.

sms-phone-replaced = Smart-mining
    .body = Diese Nummer ist seit { $at } nicht mehr der zweite Faktor Ihres Smart-mining-Kontos. Waren Sie es nicht, melden Sie sich beim Support.

mail-recovery-codes-made = Neue Wiederherstellungscodes für Ihr Smart-mining-Konto
    .body =
        Am { $at } wurden neue Wiederherstellungscodes erstellt. Alle früheren sind ungültig.
        Waren Sie es nicht, beenden Sie alle anderen Sitzungen und ändern Sie Ihr Passwort.

mail-recovery-code-used = Ein Wiederherstellungscode Ihres Smart-mining-Kontos wurde benutzt
    .body =
        Am { $at } wurde ein Wiederherstellungscode benutzt. { $left } sind übrig.
        Waren Sie es nicht, setzen Sie Ihr Passwort jetzt zurück und erstellen Sie neue Codes.

mail-second-factor-failing = Jemand kennt Ihr Smart-mining-Passwort
    .body =
        Am { $at } hatte jemand Ihr Passwort, aber mehrmals nicht Ihren zweiten Faktor.
        Waren Sie es nicht, ändern Sie Ihr Passwort: jemand kennt es.

mail-factor-reset-requested = Jemand möchte Ihren zweiten Faktor entfernen lassen
    .body =
        Am { $at } bat uns jemand mit Ihrem Passwort, den zweiten Faktor Ihres Kontos zu entfernen.
        Unsere Mitarbeiter prüfen es, und mindestens sieben Tage lang geschieht nichts.

        Waren Sie es nicht, brechen Sie es hier ab:
        { $link }
        und ändern Sie Ihr Passwort, denn jemand kennt es.

mail-factor-reset-cancelled = Ihr zweiter Faktor bleibt
    .body =
        Die Anfrage, Ihren zweiten Faktor zu entfernen, wurde am { $at } abgebrochen.
        Kam sie nicht von Ihnen, ändern Sie Ihr Passwort: jemand kennt es.

mail-factor-reset-executed = Ihr zweiter Faktor wurde entfernt
    .body =
        Wie erbeten und nach der Frist wurden die zweiten Faktoren Ihres Kontos am { $at } entfernt.
        Alle Sitzungen sind beendet. Melden Sie sich an und richten Sie einen neuen ein.

mail-account-closing = Ihr Smart-mining-Konto wird geschlossen
    .body =
        Wie gewünscht wird Ihr Konto am { $until } geschlossen. Bis dahin können Sie es zurücknehmen:
        melden Sie sich an und öffnen Sie es wieder. Das Schließen löscht Ihre Daten nicht; auch
        darum können Sie bitten.

mail-account-reopened = Ihr Smart-mining-Konto bleibt offen
    .body =
        Die Schließung Ihres Kontos wurde am { $at } zurückgenommen.
        Waren Sie es nicht, ändern Sie Ihr Passwort.

mail-account-closed = Ihr Smart-mining-Konto ist geschlossen
    .body =
        Ihr Konto wurde am { $at } geschlossen, wie Sie es wünschten. Niemand meldet sich mehr an.

mail-account-restricted = Ihr Smart-mining-Konto ist eingeschränkt
    .body =
        Ihr Konto ist nach Klausel { $clause } der Datenschutzerklärung eingeschränkt ({ $reason }).
        Ihre Daten können Sie weiterhin lesen und Ihre Rechte nutzen. Falls das Konto geschlossen
        werden sollte, beantragen Sie das bitte erneut, sobald die Einschränkung aufgehoben ist.

mail-banned = Sie sind bei Smart-mining gesperrt
    .body =
        Nach Klausel { $clause } der Datenschutzerklärung ({ $ground }) ist Ihr Konto bis { $until }
        eingeschränkt, und Sie können kein anderes eröffnen. Sie können sich weiterhin anmelden, Ihre
        Daten lesen und Ihre Rechte nutzen. Lassen Sie Ihre Daten löschen, bleibt bis dahin ein
        verschlüsseltes Merkmal Ihrer E-Mail-Adresse und Ihrer Ausweise, und nichts sonst führt zu
        Ihnen. Halten Sie das für falsch, schreiben Sie unserem Support, oder beschweren Sie sich bei
        der Aufsichtsbehörde.

mail-account-refused = Sie können zurzeit kein Smart-mining-Konto haben
    .body =
        Jemand, vielleicht Sie, wollte ein Konto mit dieser Adresse. Wer eines damit hatte, ist nach
        Klausel { $clause } der Datenschutzerklärung bis { $until } gesperrt. Danach können Sie sich neu
        registrieren. Halten Sie das für falsch, schreiben Sie unserem Support, oder beschweren Sie sich
        bei der Aufsichtsbehörde.

mail-staff-invitation = Sie sind eingeladen, bei Smart-mining mitzuarbeiten
    .body =
        Eine Verwalterin hat Sie eingeladen. Nehmen Sie binnen { $hours } Stunden mit diesem Zeichen an:

        { $token }

        Wenn Sie nicht wissen, warum, lassen Sie diese Nachricht liegen.

mail-support-answered = Der Support hat Ihnen geantwortet
    .body =
        Zu Ihrem Fall { $support_case } gibt es eine Antwort. Melden Sie sich an, um sie zu lesen.

mail-restriction-lifted = Ihr Smart-mining-Konto ist nicht mehr eingeschränkt
    .body =
        Die Einschränkung Ihres Kontos wurde am { $at } aufgehoben.

mail-confirm-your-data = Stimmen Ihre Daten bei Smart-mining noch?
    .body =
        Einmal im Jahr bitten wir Sie, Ihre Daten bei uns anzusehen: Name, Adresse, Telefon.
        Melden Sie sich an, berichtigen Sie, was sich geändert hat, und bestätigen Sie den Rest.

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
problem-role-required = Keine Ihrer Rollen erlaubt das
problem-second-person-required = Das muss jemand anderes tun
problem-staff-email-taken = Die Adresse gehört schon jemandem aus dem Team
problem-role-conflict = Niemand hat beide Rollen
problem-staff-state-conflict = Der Zustand erlaubt es nicht
problem-recipient-state-conflict = Der Zustand des Empfängers lässt das nicht zu
problem-recipient-has-no-key = Der Empfänger hat keinen Schlüssel, für den Pakete versiegelt werden
problem-instrument-state-conflict = Der Beschluss ist zurückgenommen
problem-obligation-state-conflict = Das ist erledigt, oder der Empfänger bestätigt es selbst
problem-advertisement-state-conflict = Die Anzeige ist beendet
problem-transfer-state-conflict = Der Stand der Übertragung lässt das nicht zu
problem-webhook-state-conflict = Es gibt noch kein Geheimnis oder keine Adresse, oder die Nachricht ist unterwegs
problem-rights-request-state-conflict = Der Stand des Anliegens lässt das nicht zu
problem-archive-not-ready = Das Archiv liegt noch nicht bereit
problem-rights-link-ended = Der Link hat seinen Zweck erfüllt oder ist abgelaufen
problem-erasure-under-way = Die Person hat die Löschung dessen verlangt, was dafür nötig ist
problem-verification-under-way = Jemand prüft gerade, wofür diese Daten nötig sind
problem-identity-not-seen = Wer entscheidet, muss zuerst sehen, wer fragt
problem-nothing-to-correct = Es steht nichts anderes da
problem-evidence-full = Mehr Dateien nimmt ein Anliegen nicht auf
problem-proof-exhausted = Nachweise wurden oft genug verlangt
problem-correction-not-opened = Wer entscheidet, muss die Berichtigung zuerst ansehen
problem-rights-request-duplicate = Ein Anliegen zu demselben gilt schon
problem-processing-limited = Die Person hat diese Verarbeitung eingeschränkt oder ihr widersprochen
problem-disclosure-state-conflict = Der Stand der Weitergabe lässt das nicht zu
problem-disclosure-refused = Ohne beide Schlüssel, oder solange etwas im Weg steht, wird nichts weitergegeben
problem-pulls-spent = Es wurde so oft abgeholt, wie es abgeholt werden darf
problem-consent-request-closed = Die Anfrage ist schon beantwortet, zu spät oder fragt nichts mehr an
problem-disclosure-revoked = Worauf die Weitergabe beruhte, ist weggefallen; nichts davon wird mehr herausgegeben
problem-disclosure-expired = Die Zeit zum Abholen ist vorbei
problem-disclosure-held = Zurzeit steht etwas im Weg
problem-kyc-already-asked = Ein Nachweis der Identität ist schon angefragt
problem-kyc-not-open = Kein Nachweis der Identität nimmt zurzeit etwas entgegen
problem-kyc-incomplete = Etwas fehlt noch oder wurde nicht angenommen
problem-kyc-not-decidable = Über diesen Nachweis wird zurzeit nicht entschieden
problem-kyc-not-assigned = Der Nachweis ist jemand anderem zugeteilt oder niemandem
problem-kyc-not-opened = Was jetzt vorliegt, wurde noch nicht angesehen
problem-kyc-rules-fail = Regeln der Datenschutzerklärung sind nicht erfüllt
problem-kyc-document-exists = An dieser Stelle oder von dieser Art liegt schon ein Dokument vor
problem-support-case-conflict = Der Fall ist geschlossen, voll oder einer zu viel
problem-invitation-expired = Die Einladung ist abgelaufen
problem-read-budget-exhausted = Die Einsichten dieser Stunde sind aufgebraucht
problem-scope-required = Das Token hat keinen Umfang, der das erlaubt
problem-partner-state-conflict = Der Zustand des Clients erlaubt es nicht
problem-internal = Interner Fehler
problem-try-again = Vorübergehend nicht verfügbar
problem-step-up-required = Bestätigen Sie noch einmal, dass Sie es sind
problem-origin-not-allowed = Diese Web-Herkunft darf das Cookie nicht benutzen
problem-blocked = Dieses Netz oder Gerät ist für eine Weile gesperrt
problem-method-not-available = Das Konto weist sich nicht auf diese Weise aus
problem-factor-exists = Diesen zweiten Faktor gibt es schon
problem-no-second-factor = Es gibt keinen zweiten Faktor
problem-account-state-conflict = Der Zustand des Kontos erlaubt es nicht
problem-challenge-expired = Die Anmeldung wartet nicht mehr auf einen Code
problem-reset-expired = Das Zurücksetzen ist abgelaufen
problem-change-expired = Die Änderung ist abgelaufen
problem-archive-expired = Das Archiv wird nicht mehr aufbewahrt
problem-enrolment-expired = Die Einrichtung ist abgelaufen
problem-link-expired = Der Link hat seinen Zweck erfüllt oder ist abgelaufen
problem-wrong-password = Das Passwort ist falsch
problem-too-many-attempts = Zu viele Versuche

mail-policy-published = Unsere Datenschutzerklärung hat sich geändert
    .body =
        Version { $version } unserer Datenschutzerklärung ist in Kraft.

        { $summary }

        Sie und ihre Änderungen stehen unter { $link }

        Bis Sie ihr zustimmen, können Sie Ihre Daten sehen und einschränken, Ihre Rechte nutzen und Ihr Konto sichern. Auf eine Fassung, der Sie nicht zugestimmt haben, stützen wir nichts Neues.

mail-device-choices-merged = Die Auswahl auf einem Gerät gilt jetzt für Ihr Konto
    .body =
        Sie haben sich auf einem Gerät angemeldet, auf dem eine Auswahl zu Cookies getroffen war.
        Ihr Konto hat sie übernommen: ein Nein immer, ein Ja nur dort, wo Ihr Konto noch nichts
        gesagt hatte.

        Jede Auswahl sehen und ändern Sie in den Einstellungen Ihres Kontos.

mail-kyc-requested = Wir bitten Sie, Ihre Identität nachzuweisen
    .body =
        Nach Klausel { $clause } der Datenschutzerklärung bitten wir Sie, Ihre Identität nachzuweisen, bis { $until }.

        Was wir brauchen, sehen Sie nach der Anmeldung. Per E-Mail oder Telefon fragen wir nie nach Ausweisen.

mail-kyc-reminder = Ihr Nachweis der Identität ist bald fällig
    .body =
        Von dem, worum wir Sie gebeten haben, fehlt noch etwas. Es ist bis { $until } fällig; danach ist Ihr Konto eingeschränkt, bis es da ist.

        Was wir brauchen, sehen Sie nach der Anmeldung. Per E-Mail oder Telefon fragen wir nie nach Ausweisen.

mail-kyc-overdue = Ihr Konto ist eingeschränkt: Der Nachweis ist überfällig
    .body =
        Was wir für den Nachweis Ihrer Identität brauchten, kam nicht rechtzeitig (Klausel 1.3 der Datenschutzerklärung). Ihr Konto ist seit { $at } eingeschränkt.

        Sie können sich anmelden, Ihre Daten sehen, Ihre Rechte nutzen und nachreichen, was fehlt.

mail-kyc-approved = Ihre Identität ist nachgewiesen
    .body =
        Ihr Nachweis der Identität wurde am { $at } angenommen. Sie müssen nichts weiter tun.

mail-kyc-rejected = Ihr Nachweis der Identität wurde abgelehnt
    .body =
        Ihr Nachweis der Identität wurde am { $at } abgelehnt (Klausel 1.3 der Datenschutzerklärung), und Ihr Konto ist eingeschränkt.

        Die Gründe sehen Sie nach der Anmeldung. Wenn Sie das für falsch halten, schreiben Sie unserer Hilfe.

mail-kyc-resubmission = Etwas von Ihrem Nachweis brauchen wir noch einmal
    .body =
        Nicht alles, was Sie eingereicht haben, konnten wir annehmen. Was und warum, sehen Sie nach der Anmeldung; bitte reichen Sie es bis { $until } neu ein.

        Per E-Mail oder Telefon fragen wir nie nach Ausweisen.

mail-kyc-extended = Sie haben mehr Zeit für Ihren Nachweis
    .body =
        Worum wir Sie gebeten haben, können Sie bis { $until } einreichen. War Ihr Konto deswegen eingeschränkt, ist es das nicht mehr.

mail-kyc-withdrawn = Wir bitten Sie nicht mehr um einen Nachweis der Identität
    .body =
        Seit { $at } bitten wir Sie nicht mehr um einen Nachweis Ihrer Identität. War Ihr Konto deswegen eingeschränkt, ist es das nicht mehr.

mail-consent-asked = Wir bitten um Ihre Einwilligung in eine Weitergabe
    .body =
        { $recipient } soll Daten über Sie erhalten, und das nur, wenn Sie zustimmen (Ziffer 4.8 der Datenschutzrichtlinie). Melden Sie sich an, um zu sehen, welche, wozu und wie lange, und antworten Sie bis { $until }.

        Ohne Antwort wird nichts weitergegeben. Was Sie erlauben, können Sie jederzeit zurücknehmen.

mail-transfer-announced = Ihre Daten sollen an einen Käufer des Unternehmens gehen
    .body =
        Das Unternehmen, oder fast das ganze, wird an { $recipient } verkauft. Nach Ziffer 4.4 der Datenschutzrichtlinie erhält der Käufer die Daten der Nutzer und hält die Richtlinie ein, der Sie zugestimmt haben.

        Sie können bis { $until } widersprechen: Melden Sie sich an und sehen Sie unter Übertragungen nach. Auch können Sie Ihre Einwilligung in Geschäftsübertragungen jederzeit zurücknehmen. Dann geht nichts über Sie an den Käufer.

mail-rights-request-filed = Ihr Anliegen zu Ihren Daten ist angekommen
    .body =
        Worum Sie gebeten haben, gilt ab jetzt. Wir beantworten Ihr Anliegen bis { $until } (Ziffer 7.3 der Datenschutzrichtlinie). Melden Sie sich an, um zu sehen, wie es steht, oder um es zurückzunehmen.

        Sie können sich jederzeit beim Datenschutzbeauftragten Neuseelands beschweren: https://www.privacy.org.nz

mail-erasure-scheduled = Ihre Daten werden gelöscht
    .body =
        Sie haben um die Löschung Ihrer Daten gebeten (Ziffer 7.1 der Datenschutzrichtlinie). Sie wird am { $at } ausgeführt; bis dahin können Sie sie zurücknehmen: Melden Sie sich an und sehen Sie unter Anliegen nach. In der Zwischenzeit geschieht mit Ihren Daten nichts anderes.

        Waren Sie das nicht, melden Sie sich an, nehmen Sie sie zurück und ändern Sie Ihr Passwort.

mail-part-erasure-scheduled = Ein Teil Ihrer Daten wird gelöscht
    .body =
        Sie haben verlangt, dass ein Teil Ihrer Daten gelöscht wird (Klausel 7.1 der Datenschutzerklärung). Das geschieht am { $at }, oder sobald niemand sie mehr braucht, um Ihre Identität zu prüfen; bis dahin können Sie es zurücknehmen: Melden Sie sich an und sehen Sie unter den Anträgen nach. Ihr Konto besteht weiter.

        Wenn Sie das nicht waren, melden Sie sich an, nehmen Sie es zurück und ändern Sie Ihr Passwort.

mail-part-erased = Die genannten Daten wurden gelöscht
    .body =
        Am { $at } wurden die Daten gelöscht, die Sie genannt haben (Klausel 7.1 der Datenschutzerklärung). Wer sie von uns erhalten hatte, wurde aufgefordert, sie ebenfalls zu löschen. Melden Sie sich an, um zu sehen, was gelöscht wurde und was ein Gesetz aufbewahrt. Ihr Konto besteht weiter.

mail-erasure-begun = Ihre Daten werden gerade gelöscht
    .body =
        Seit { $at } werden Ihre Daten gelöscht, und niemand meldet sich mehr an Ihrem Konto an. Mit dem Zeichen, das Sie bei Ihrem Anliegen erhalten haben, sehen Sie, was gelöscht wurde, und was ein Gesetz bis wann behält.

        Dies ist unsere letzte Nachricht; sie wird nicht aufbewahrt.

mail-closed-account-erased = Die Daten Ihres geschlossenen Kontos werden gerade gelöscht
    .body =
        Sie haben Ihr Konto vor einiger Zeit geschlossen. Seit { $at } wird gelöscht, was wir noch über Sie hatten, wie es in der Datenschutzrichtlinie steht (Ziffer 7.1). Was ein Gesetz uns aufzubewahren verpflichtet, ruht versiegelt bis zu seinem Tag und wird dann vernichtet.

        Dies ist unsere letzte Nachricht; sie wird nicht aufbewahrt.

mail-archive-ready = Ihre Daten liegen bereit
    .body =
        Die Daten, um die Sie gebeten haben (Ziffer 7.2 der Datenschutzrichtlinie), können Sie bis { $until } herunterladen: Melden Sie sich an und sehen Sie unter Anliegen nach. Danach werden sie entfernt; Sie können jederzeit wieder darum bitten.

        Waren Sie das nicht, melden Sie sich an und ändern Sie Ihr Passwort.

mail-correction-filed = Ihre Berichtigung ist eingegangen
    .body =
        Wir prüfen bis { $until }, was Sie berichtigt haben möchten (Klausel 7.2 der Datenschutzerklärung). Bis dahin ist der Wert überall als bestritten gekennzeichnet, wo er gelesen oder weitergegeben wird. Melden Sie sich an, um Nachweise einzureichen oder den Antrag zurückzunehmen.

        Sie können sich jederzeit beim Office of the Privacy Commissioner beschweren: https://www.privacy.org.nz

mail-correction-made = Ihre Daten wurden berichtigt
    .body =
        Am { $at } haben wir Ihre Daten berichtigt, wie Sie es verlangt haben (Klausel 7.2 der Datenschutzerklärung). Wer den alten Wert von uns erhalten hatte, wurde unterrichtet.

        Wenn Sie das nicht waren, melden Sie sich an und ändern Sie Ihr Passwort.

mail-correction-refused = Ihre Daten wurden nicht berichtigt
    .body =
        Wir haben den Wert belassen: Klausel { $clause } der Datenschutzerklärung, { $law }. Melden Sie sich an, um eine Erklärung zur Berichtigung beizufügen: Sie wird neben dem Wert gelesen und mit ihm weitergegeben.

        Sie können sich beim Office of the Privacy Commissioner beschweren: https://www.privacy.org.nz

mail-rights-link = Nutzen Sie Ihre Rechte an Ihren Smart-mining-Daten
    .body =
        Jemand, vielleicht Sie, möchte ohne Anmeldung Rechte an den Daten Ihres Kontos nutzen: { $link }

        Der Link gilt { $hours } Stunden. Was damit verlangt wird, beschränkt die Verarbeitung sofort; gelöscht oder herausgegeben wird nichts, bevor wir gesehen haben, wer es verlangt. Wenn Sie das nicht waren, ist nichts zu tun: Es hat sich nichts geändert.

mail-no-account-for-rights = Kein Smart-mining-Konto hat diese Adresse
    .body =
        Jemand, vielleicht Sie, wollte Rechte an den Daten eines Kontos mit dieser Adresse nutzen.
        Es gibt keines, und wir speichern nichts dazu. Wenn Sie ein Konto haben, hat es eine andere Adresse.
        Wenn Sie das nicht waren, ist nichts zu tun.

mail-identity-seen = Ihr Anliegen zu Ihren Daten wird ausgeführt
    .body =
        Wir haben gesehen, wer ohne Anmeldung Ihre Daten verlangt hat (Klausel 7.4 der Datenschutzerklärung). Ab { $at } werden sie dem herausgegeben, der das Token des Anliegens hat. Wenn Sie das nicht sind, melden Sie sich sofort an, beenden Sie Ihre Sitzungen und ändern Sie Ihr Passwort.

mail-request-not-carried-out = Ihr Anliegen zu Ihren Daten wurde abgelehnt
    .body =
        Was Sie verlangt haben, wird nicht ausgeführt: Klausel { $clause } der Datenschutzerklärung, { $law }. Mit dem Token, das Sie beim Einreichen erhalten haben, sehen Sie den Grund.

        Sie können sich beim Office of the Privacy Commissioner beschweren: https://www.privacy.org.nz

mail-rights-request-due = Ein Anliegen ist bis { $until } zu beantworten
    .body =
        Das Anliegen { $request } ist bis { $until } zu beantworten. Es steht vorn in der Liste der Anliegen. Dieser Tag wurde der Person zugesagt; kann er nicht gehalten werden, ist die Frist mit einem Grund zu verlängern, bevor sie abläuft.

mail-proof-asked = Wir brauchen weitere Nachweise für Ihren Antrag
    .body =
        Am { $at } haben wir weitere Nachweise für Ihren Antrag zu Ihren Daten verlangt (Klausel 7.4 der Datenschutzerklärung). Reichen Sie sie ein: angemeldet, oder, wenn Sie ohne Anmeldung gefragt haben, mit dem Token, das Sie dabei erhalten haben. Der Tag, bis zu dem wir antworten, bleibt derselbe. Wenn Sie nichts verlangt haben, melden Sie sich an und nehmen Sie das Anliegen zurück.

mail-rights-request-extended = Die Antwort auf Ihr Anliegen dauert länger
    .body =
        Wir brauchen länger, um Ihr Anliegen zu Ihren Daten zu beantworten: bis { $until }. Worum Sie gebeten haben, gilt bis dahin. Melden Sie sich an, um zu sehen, warum.

        Sie können sich beim Datenschutzbeauftragten Neuseelands beschweren: https://www.privacy.org.nz

mail-rights-request-granted = Ihrem Anliegen zu Ihren Daten wurde entsprochen
    .body =
        Am { $at } haben wir Ihrem Anliegen entsprochen. Worum Sie gebeten haben, gilt, bis Sie es zurücknehmen.

mail-rights-request-refused = Ihr Anliegen zu Ihren Daten wurde abgelehnt
    .body =
        Worum Sie gebeten haben, gilt noch bis { $until } und endet dann: Ziffer { $clause } der Datenschutzrichtlinie, { $law }. Melden Sie sich an, um den Grund zu sehen.

        Sie können sich beim Datenschutzbeauftragten Neuseelands beschweren: https://www.privacy.org.nz

mail-data-disclosed = Daten über Sie wurden weitergegeben
    .body =
        Am { $at } haben wir { $recipient } Daten über Sie zugänglich gemacht, nach rechtlicher Prüfung und auf Grund Ihrer Einwilligung (Ziffer 4.8 der Datenschutzrichtlinie).

        Melden Sie sich an, um zu sehen, welche Daten, wozu und auf Grund welcher Einwilligung; einen Nachweis finden Sie dort auch. Sie können Ihre Einwilligung jederzeit zurücknehmen.
