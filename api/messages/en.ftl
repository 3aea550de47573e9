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
