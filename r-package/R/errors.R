# The classes of the codes that servers answer with. Further codes get their own name only.
server_codes <- c(
  RESOURCE_DOES_NOT_EXIST = "not_found",
  ENDPOINT_NOT_FOUND = "not_found",
  RESOURCE_ALREADY_EXISTS = "already_exists",
  INVALID_PARAMETER_VALUE = "invalid_input",
  INVALID_STATE = "conflict",
  REQUEST_TOO_LARGE = "payload_too_large",
  TEMPORARILY_UNAVAILABLE = "unavailable"
)

# Stands in for the code when the answer has none.
status_codes <- c(
  `400` = "BAD_REQUEST",
  `401` = "UNAUTHENTICATED",
  `403` = "PERMISSION_DENIED",
  `404` = "ENDPOINT_NOT_FOUND",
  `413` = "REQUEST_TOO_LARGE",
  `429` = "REQUEST_LIMIT_EXCEEDED",
  `501` = "NOT_IMPLEMENTED",
  `503` = "TEMPORARILY_UNAVAILABLE",
  `504` = "DEADLINE_EXCEEDED"
)

#' Raise an error of this package
#'
#' The text is formatted like that of [cli::cli_abort()], but is not broken into lines: scripts match
#' on phrases of it, and must not depend on the width of a console.
#'
#' @param message Bullets as for [cli::cli_abort()]; outside text only through variables.
#' @param class Last part of the class, most specific first. `invalid_argument`, of the checks made here, is
#'   an `invalid_input` too, which is what a server calls it.
#' @param ... Fields of the condition.
#' @param call,.envir As for [cli::cli_abort()].
#' @returns Never.
#' @noRd
abort <- function(message, class, ..., call = rlang::caller_env(), .envir = parent.frame()) {
  if ("invalid_argument" %in% class) class <- union(class, "invalid_input")
  rlang::abort(
    inline(message, .envir),
    class = c(paste0("crateflow_error_", class), "crateflow_error"),
    ...,
    call = call
  )
}

warn <- function(message, class, ..., .envir = parent.frame()) {
  rlang::warn(
    inline(message, .envir),
    class = c(paste0("crateflow_warning_", class), "crateflow_warning"),
    ...
  )
}

inline <- function(message, envir) {
  vapply(message, function(line) cli::format_inline(line, .envir = envir), "")
}

# Text of others as part of a template: its braces are braces.
as_plain <- function(text) {
  gsub("([{}])", "\\1\\1", text)
}

#' Raise what a server answered
#'
#' @param response The answer, of a status other than 2xx.
#' @param label What was asked for, as shown to people.
#' @noRd
abort_response <- function(response, label, call) {
  status <- httr2::resp_status(response)
  answer <- response_error(response)
  abort(
    c(
      "API request to endpoint '{label}' failed with error code {status}.",
      x = "{answer$code}: {answer$message}"
    ),
    class = unique(c(tolower(answer$code), short_code(answer$code, status))),
    status = status,
    error_code = answer$code,
    server_message = answer$message,
    endpoint = label,
    call = call
  )
}

# The code and the message of an answer, whether or not it is the JSON that servers should send.
response_error <- function(response) {
  status <- as.character(httr2::resp_status(response))
  text <- response_text(response)
  body <- tryCatch(jsonlite::parse_json(text), error = function(cnd) NULL)
  if (!is.list(body) || is.null(names(body))) body <- list()
  code <- body[["error_code"]]
  if (!rlang::is_string(code) || !grepl("^\\w+$", code)) {
    known <- status %in% names(status_codes)
    code <- if (known) status_codes[[status]] else paste0("HTTP_", status)
  }
  message <- body[["message"]]
  if (!rlang::is_string(message)) message <- substr(text, 1, 500)
  list(code = code, message = message)
}

short_code <- function(code, status) {
  if (code %in% names(server_codes)) {
    server_codes[[code]]
  } else if (status >= 500) {
    "server"
  }
}

response_text <- function(response) {
  text_of_bytes(body_bytes(response))
}

# The body as bytes; `character()` of httr2's own reader would fail on an empty one.
body_bytes <- function(response) {
  body <- response$body
  if (inherits(body, "httr2_path")) {
    readBin(body, "raw", file.size(body))
  } else {
    body
  }
}
