# Who asks: passwords and tokens, of the environment or of the system's keyring.

#' Find the credentials for the tracking server
#'
#' @returns A list of `user`, `password` and `token`, NULL where there is none.
#' @noRd
tracking_credentials <- function(call = rlang::caller_env()) {
  user <- env_first("MLFLOW_TRACKING_USERNAME", "MLFLOW_USERNAME")
  password <- env_first("MLFLOW_TRACKING_PASSWORD", "MLFLOW_PASSWORD")
  token <- env_first("MLFLOW_TRACKING_TOKEN", "MLFLOW_TOKEN")
  service <- env_first("CRATEFLOW_KEYRING_SERVICE")
  if (!is.null(service) && is.null(password) && is.null(token)) {
    secret <- keyring_secret(service, user, call)
    if (is.null(user)) token <- secret else password <- secret
  }
  list(user = user, password = password, token = token)
}

# A user with password goes before a token.
request_authorize <- function(request, credentials) {
  if (!is.null(credentials$user) && !is.null(credentials$password)) {
    httr2::req_auth_basic(request, credentials$user, credentials$password)
  } else if (!is.null(credentials$token)) {
    httr2::req_auth_bearer_token(request, credentials$token)
  } else {
    request
  }
}

#' Read a password or a token from the system's keyring
#'
#' Once in a session: a keyring may ask its owner each time.
#' @noRd
keyring_secret <- function(service, user, call) {
  entry <- paste(c(service, user), collapse = "\n")
  if (is.null(session$secrets[[entry]])) {
    if (!requireNamespace("keyring", quietly = TRUE)) {
      abort_missing_packages("keyring", "CRATEFLOW_KEYRING_SERVICE needs", call)
    }
    session$secrets[[entry]] <- tryCatch(
      keyring::key_get(service, user),
      error = function(cnd) {
        set <- paste0("keyring::key_set(", paste0("\"", c(service, user), "\"", collapse = ", "), ")")
        abort(
          c(
            "The keyring has no entry of the service {.val {service}}.",
            x = "{conditionMessage(cnd)}",
            i = "Make it with {.code {set}}, or unset CRATEFLOW_KEYRING_SERVICE."
          ),
          "unauthenticated",
          call = call,
          parent = cnd
        )
      }
    )
  }
  session$secrets[[entry]]
}
