# Mails. Titles of problems stand in the table of codes, in English.

mail-verification-code = Your code to open a Smart-mining account
    .body =
        Your code is { $code }

        Type it within { $minutes } minutes where you registered. It works once.
        If you did not register, ignore this mail: without the code no account is opened.

mail-address-already-registered = You already have a Smart-mining account
    .body =
        Somebody, perhaps you, tried to open an account with this address.
        You have one already: sign in, or reset your password if you forgot it.
        If it was not you, there is nothing to do. Nobody was told that the account exists.

mail-account-opened = Your Smart-mining account is open
    .body =
        Your account is open. You accepted the privacy policy in version { $version }.

        What you agreed to, who received what, and who looked at your data you can
        see at any time after signing in.

mail-new-device = New sign-in to your Smart-mining account
    .body =
        Somebody, perhaps you, signed in on a device that your account was not used on before.

        When: { $at }
        Where: { $place }
        With: { $program }

        If it was not you, end that session here:
        { $link }
        and change your password, because somebody knows it.

mail-step-up-code = Your code to confirm that it is you
    .body =
        Your code is { $code }

        Type it within { $minutes } minutes where you were asked for it. It works once.
        If you were not asked for it, somebody is signed in to your account: end all other
        sessions and change your password.

sms-code = Smart-mining
    .body = Your Smart-mining code is { $code }. It works once, for { $minutes } minutes. Tell it to nobody.

mail-password-changed = Your Smart-mining password has changed
    .body =
        The password of your account was changed at { $at }. All other sessions have ended.
        If it was not you, reset your password now.

mail-password-reset-code = Your code to reset your Smart-mining password
    .body =
        Your code is { $code }

        Type it within { $minutes } minutes where you asked for it. It works once.
        If you did not ask, ignore this mail: without the code nothing changes.

mail-no-account-to-reset = No Smart-mining account has this address
    .body =
        Somebody, perhaps you, wanted to reset the password of an account with this address.
        There is none. If you have an account, it has another address.
        If it was not you, there is nothing to do.

mail-password-reset = Your Smart-mining password was reset
    .body =
        The password of your account was reset at { $at }. All sessions have ended.
        Your second factor stays as it was.

        So that you have time to notice if it was not you, no copy of your data is made and
        nothing is erased before { $until }.

mail-email-change-code = Your code to use this address for Smart-mining
    .body =
        Your code is { $code }

        Type it within { $minutes } minutes where you asked for it. It works once.
        If you did not ask, ignore this mail: without the code nothing changes.

mail-email-change-taken = This address has a Smart-mining account
    .body =
        Somebody, perhaps you, wanted to move another account to this address.
        It has an account already, so nothing changes. Nobody else was told.

mail-email-changed = Your Smart-mining account has a new address
    .body =
        Your account has another email address since { $at }. This one is no longer used.
        If it was not you, tell our support at once.

mail-factor-added = New second factor for your Smart-mining account
    .body =
        { $factor ->
            [totp] An authenticator app
           *[phone] A phone number
        } is a second factor of your account since { $at }. All other sessions have ended.
        If it was not you, reset your password and tell our support at once.

mail-factor-removed = A second factor of your Smart-mining account was removed
    .body =
        { $factor ->
            [totp] The authenticator app
           *[phone] The phone number
        } is no second factor of your account any more, since { $at }. All other sessions have ended.
        If it was not you, reset your password and tell our support at once.

sms-phone-replaced = Smart-mining
    .body = This number is no longer the second factor of your Smart-mining account, since { $at }. If it was not you, tell our support.

mail-recovery-codes-made = New recovery codes for your Smart-mining account
    .body =
        New recovery codes were made at { $at }. All earlier ones are void.
        If it was not you, end all other sessions and change your password.

mail-recovery-code-used = A recovery code of your Smart-mining account was used
    .body =
        A recovery code was used at { $at }. { $left } are left.
        If it was not you, reset your password now and make new codes.

mail-second-factor-failing = Somebody knows your Smart-mining password
    .body =
        At { $at } somebody had your password and not your second factor, several times in a row.
        If it was not you, change your password: somebody knows it.

mail-factor-reset-requested = Somebody asks to remove your second factor
    .body =
        At { $at } somebody with your password asked us to remove the second factor of your account.
        Our staff looks into it, and nothing happens for at least seven days.

        If it was not you, call it off here:
        { $link }
        and change your password, because somebody knows it.

mail-factor-reset-cancelled = Your second factor stays
    .body =
        The request to remove your second factor was called off at { $at }.
        If you did not make it, change your password: somebody knows it.

mail-factor-reset-executed = Your second factor was removed
    .body =
        As asked for and after the time to call it off, the second factors of your account were
        removed at { $at }. All sessions have ended. Sign in and enrol a new one.

mail-account-closing = Your Smart-mining account is closing
    .body =
        As you asked, your account closes at { $until }. Until then you can take it back:
        sign in and reopen it. Closing does not erase your data; you can ask for that too.

mail-account-reopened = Your Smart-mining account stays open
    .body =
        The closure of your account was taken back at { $at }.
        If it was not you, change your password.

mail-account-closed = Your Smart-mining account is closed
    .body =
        Your account was closed at { $at }, as you asked. Nobody signs in to it any more.

mail-account-restricted = Your Smart-mining account is restricted
    .body =
        Your account is restricted under clause { $clause } of the privacy policy ({ $reason }).
        You can still read your data and use your rights. If you had asked to close the account,
        please ask again once the restriction is lifted.

mail-banned = You are banned from Smart-mining
    .body =
        Under clause { $clause } of the privacy policy ({ $ground }) your account is restricted, and you
        cannot open another, until { $until }. You can still sign in to read your data and to use your
        rights. If you have them erased, a keyed mark of your email address and identity documents is
        kept until then, and nothing else leads to you. If you think that this is wrong, answer to our
        support, or complain to the supervisory authority.

mail-account-refused = You cannot have a Smart-mining account now
    .body =
        Somebody, perhaps you, asked for an account with this address. Whoever had one with it is banned
        under clause { $clause } of the privacy policy until { $until }. After that you can register anew.
        If you think that this is wrong, write to our support, or complain to the supervisory authority.

mail-staff-invitation = You are invited to work as Smart-mining staff
    .body =
        An admin has invited you. Accept within { $hours } hours with this token:

        { $token }

        If you do not know why, ignore this mail.

mail-support-answered = The support has answered you
    .body =
        There is an answer to your case { $support_case }. Sign in to read it.

mail-restriction-lifted = Your Smart-mining account is no longer restricted
    .body =
        The restriction of your account was lifted at { $at }.

mail-confirm-your-data = Are your Smart-mining data still true?
    .body =
        Once a year we ask you to look at the data that we hold about you: your name, your
        address, your phone. Sign in, correct what has changed, and confirm the rest.

mail-policy-published = Our privacy policy has changed
    .body =
        Version { $version } of our privacy policy is in force.

        { $summary }

        Read it, and what changed, at { $link }

        Until you accept it you can see and narrow your data, use your rights and secure your account. Nothing new is done with your data on the strength of a version that you did not accept.

mail-device-choices-merged = Your choices on a device now hold for your account
    .body =
        You signed in on a device on which choices about cookies had been made. Your account has
        taken them over: a no always, a yes only where your account had not said anything yet.

        You can see and change every choice in the settings of your account.

mail-kyc-requested = We ask you to verify your identity
    .body =
        Under clause { $clause } of the privacy policy we ask you to verify your identity, by { $until }.

        Sign in to see what is needed. We never ask for documents by mail or on the phone.

mail-kyc-reminder = Your verification of identity is due soon
    .body =
        What we asked you for is still missing in part. It is due by { $until }; after that your account is restricted until it is there.

        Sign in to see what is needed. We never ask for documents by mail or on the phone.

mail-kyc-overdue = Your account is restricted: the verification is overdue
    .body =
        What we asked you for to verify your identity did not come in time (clause 1.3 of the privacy policy). Your account has been restricted since { $at }.

        You can sign in, see your data, use your rights, and hand in what is missing.

mail-kyc-approved = Your identity is verified
    .body =
        Your verification of identity was approved on { $at }. There is nothing more to do.

mail-kyc-rejected = Your verification of identity was refused
    .body =
        Your verification of identity was refused on { $at } (clause 1.3 of the privacy policy), and your account is restricted.

        Sign in to see the reasons. If you think that this is wrong, write to our support.

mail-kyc-resubmission = Something in your verification has to be sent again
    .body =
        We could not accept everything that you handed in. Sign in to see what, and why, and send it again by { $until }.

        We never ask for documents by mail or on the phone.

mail-kyc-extended = You have more time for your verification
    .body =
        You can hand in what we asked you for until { $until }. If your account was restricted because it was overdue, it is no longer.

mail-kyc-withdrawn = We no longer ask you to verify your identity
    .body =
        Since { $at } we no longer ask you for a verification of identity. If your account was restricted because of it, it is no longer.

mail-consent-asked = We ask for your consent to a disclosure
    .body =
        { $recipient } is to receive data about you, and it will only if you agree (clause 4.8 of the privacy policy). Sign in to see what, why and for how long, and answer by { $until }.

        Without an answer nothing is disclosed. What you agree to you can take back at any time.

mail-transfer-announced = Your data are to go to a buyer of the company
    .body =
        The company, or nearly all of it, is being sold to { $recipient }. Clause 4.4 of the privacy policy provides that the buyer receives the data of its users, and keeps the policy that you accepted.

        You can object until { $until }: sign in and look under transfers. You can also withdraw your consent to business transfers at any time. Then nothing about you goes to the buyer.

mail-rights-request-filed = Your request about your data has arrived
    .body =
        What you asked for holds from now on. We answer your request by { $until } (clause 7.3 of the privacy policy). Sign in to see how it stands, or to take it back.

        You can complain to the Office of the Privacy Commissioner at any time: https://www.privacy.org.nz

mail-erasure-scheduled = Your data will be erased
    .body =
        You asked for the erasure of your data (clause 7.1 of the privacy policy). It is carried out at { $at }; until then you can take it back: sign in and look under rights requests. Meanwhile nothing else is done with your data.

        If it was not you, sign in, take it back and change your password.

mail-part-erasure-scheduled = Some of your data will be erased
    .body =
        You asked for the erasure of some of your data (clause 7.1 of the privacy policy). It is carried out at { $at }, or as soon as nobody needs them any more to verify who you are; until then you can take it back: sign in and look under rights requests. Your account goes on.

        If it was not you, sign in, take it back and change your password.

mail-part-erased = The data that you named were erased
    .body =
        At { $at } the data were erased that you named (clause 7.1 of the privacy policy). Whoever had received them from us was told to erase them, too. Sign in to see what was erased, and what a law keeps. Your account goes on.

mail-erasure-begun = Your data are being erased
    .body =
        Since { $at } your data are being erased, and nobody signs in to your account any more. With the token that you got when you asked for it you see what was erased, and what a law keeps, until when.

        This is our last message; it is not kept.

mail-closed-account-erased = The data of your closed account are being erased
    .body =
        You closed your account some time ago. Since { $at } what we still held about you is being erased, as the privacy policy says (clause 7.1). What a law obliges us to keep rests sealed until its day, and is destroyed then.

        This is our last message; it is not kept.

mail-archive-ready = Your data are ready
    .body =
        The data that you asked for (clause 7.2 of the privacy policy) can be downloaded until { $until }: sign in and look under rights requests. After that day they are taken away; you can ask again at any time.

        If it was not you, sign in and change your password.

mail-correction-filed = Your correction has arrived
    .body =
        We look at what you want corrected by { $until } (clause 7.2 of the privacy policy). Until then the value is marked as contested wherever it is read or disclosed. Sign in to hand in what shows that you are right, or to take it back.

        You can complain to the Office of the Privacy Commissioner at any time: https://www.privacy.org.nz

mail-correction-made = Your data were corrected
    .body =
        At { $at } we corrected your data as you asked (clause 7.2 of the privacy policy). Whoever had received the old value from us was told.

        If it was not you, sign in and change your password.

mail-correction-refused = Your data were not corrected
    .body =
        We left the value as it stands: clause { $clause } of the privacy policy, { $law }. Sign in to attach a statement of correction: it is read beside the value, and goes wherever that is disclosed.

        You can complain to the Office of the Privacy Commissioner: https://www.privacy.org.nz

mail-rights-link = Use your rights over your Smart-mining data
    .body =
        Somebody, perhaps you, asked to use rights over the data of your account without signing in: { $link }

        The link works for { $hours } hours. What is asked for by it restricts at once; nothing is erased or handed over before we have seen who asks. If it was not you, ignore this mail: nothing has changed.

mail-no-account-for-rights = No Smart-mining account has this address
    .body =
        Somebody, perhaps you, wanted to use rights over the data of an account with this address.
        There is none, and we hold nothing under it. If you have an account, it has another address.
        If it was not you, there is nothing to do.

mail-identity-seen = Your request about your data is carried out
    .body =
        We have seen who asked for your data without signing in (clause 7.4 of the privacy policy). They are handed over from { $at } on, to whoever holds the token of the request. If that is not you, sign in, end your sessions and change your password at once.

mail-request-not-carried-out = Your request about your data was refused
    .body =
        What you asked for is not carried out: clause { $clause } of the privacy policy, { $law }. With the token that you got when you asked you see the ground.

        You can complain to the Office of the Privacy Commissioner: https://www.privacy.org.nz

mail-rights-request-due = A rights request is due by { $until }
    .body =
        The request { $request } has to be answered by { $until }. It stands first in the queue of rights requests. Its person was promised this day; if it cannot be kept, extend it with a reason before it passes.

mail-proof-asked = We need more proof for your request
    .body =
        At { $at } we asked for more proof for your request about your data (clause 7.4 of the privacy policy). Hand it in: signed in, or, if you asked without signing in, with the token that you got then. The day by which we answer stays the same. If you asked for nothing, sign in and take the request back.

mail-rights-request-extended = The answer to your request takes longer
    .body =
        We need longer to answer your request about your data: until { $until }. What you asked for holds meanwhile. Sign in to see why.

        You can complain to the Office of the Privacy Commissioner: https://www.privacy.org.nz

mail-rights-request-granted = Your request about your data was granted
    .body =
        At { $at } we granted your request. What you asked for holds until you take it back.

mail-rights-request-refused = Your request about your data was refused
    .body =
        What you asked for holds until { $until }, and ends then: clause { $clause } of the privacy policy, { $law }. Sign in to see the ground.

        You can complain to the Office of the Privacy Commissioner: https://www.privacy.org.nz

mail-data-disclosed = Data about you were disclosed
    .body =
        On { $at } we let { $recipient } have data about you, after a legal review and on the strength of your consent (clause 4.8 of the privacy policy).

        Sign in to see which data, why, and on which consent; you find a proof there, too. You can withdraw your consent at any time.
