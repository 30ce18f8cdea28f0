# The only road to HTTP: request_build() |> request_perform().

api_prefix <- "/api/2.0/mlflow/"
scoring_endpoint <- "/invocations"

#' Describe a request
#'
#' @param client From `as_client()`.
#' @param method HTTP method.
#' @param endpoint Path below the API's prefix, or from the root when it begins with a slash; already
#'   percent-encoded.
#' @param query,body Named lists; NULL entries are left out. A vector in `query` repeats its name. A
#'   `body` of class `json` is sent as it is.
#' @param file Path of a file to send as body.
#' @returns An httr2 request.
#' @noRd
request_build <- function(client, method, endpoint, query = NULL, body = NULL, file = NULL,
                          call = rlang::caller_env()) {
  path <- if (startsWith(endpoint, "/")) endpoint else paste0(api_prefix, endpoint)
  request <- base_request(client$credentials, call) |>
    httr2::req_url(paste0(client$tracking_uri, path, query_text(compact(query)))) |>
    httr2::req_method(method)
  if (!is.null(body)) {
    text <- if (inherits(body, "json")) body else to_json(compact(body))
    request <- httr2::req_body_raw(request, charToRaw(text), type = "application/json")
  }
  if (!is.null(file) && file.size(file) > 0) {
    request <- httr2::req_body_file(request, file, type = "application/octet-stream")
  } else if (!is.null(file)) {
    # httr2 never closes a file that has nothing to read.
    request <- httr2::req_body_raw(request, raw(), type = "application/octet-stream")
  }
  request
}

# What a request takes from the environment, besides its address.
request_variables <- c(
  "MLFLOW_TRACKING_USERNAME", "MLFLOW_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_PASSWORD",
  "MLFLOW_TRACKING_TOKEN", "MLFLOW_TOKEN", "CRATEFLOW_KEYRING_SERVICE", "MLFLOW_HTTP_REQUEST_TIMEOUT",
  "MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE", "MLFLOW_INSECURE",
  "MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"
)

#' What all requests have in common
#'
#' Put together anew only where the settings changed: it takes longer than the rest of a small request.
#'
#' @param credentials As `tracking_credentials()` returns them; NULL for those of the tracking server.
#' @noRd
base_request <- function(credentials, call) {
  settings <- list(
    credentials, Sys.getenv(request_variables, names = FALSE), getOption("mlflow.rest.timeout")
  )
  if (!identical(session$base_request$settings, settings)) {
    request <- httr2::request("http://server") |>
      httr2::req_user_agent(paste0("crateflow-r/", utils::packageVersion("crateflow"))) |>
      httr2::req_error(is_error = function(response) FALSE) |>
      request_authorize(credentials %||% tracking_credentials(call)) |>
      request_options() |>
      spare_httr2()
    session$base_request <- list(settings = settings, request = request)
  }
  session$base_request$request
}

# httr2 before 1.0 sleeps after a failed try, even the last, and draws on the user's random numbers. After
# the answer it spends half of its time on signalling an event that nobody waits for; before that it asks
# whether to try again, and there the answer is taken from it.
spare_httr2 <- function(request) {
  if (utils::packageVersion("httr2") >= "1.0.0") return(request)
  httr2::req_retry(request, max_tries = 1, backoff = function(tries) 0, is_transient = function(response) {
    signalCondition(structure(class = c("crateflow_response", "condition"), list(response = response)))
    FALSE
  })
}

#' Send a request and read the answer
#'
#' Refusals for lack of capacity (429) are tried again, and so are lost connections and failures of the
#' server (5xx) where the request may be repeated without harm.
#'
#' @param request From `request_build()`.
#' @param idempotent Whether sending it twice does the same as once.
#' @param path Where to stream the answer's body to; without it JSON is read.
#' @param read Reads the JSON.
#' @returns The answer as list, or `path`.
#' @noRd
request_perform <- function(request, idempotent = request$method %in% c("GET", "PUT"), path = NULL,
                            read = from_json, call = rlang::caller_env()) {
  # Now, so that an argument's own error is not taken for a lost connection.
  force(request)
  response <- request_send(request, idempotent, path, call)
  if (httr2::resp_status(response) >= 300) abort_response(response, request_label(request), call)
  notify_request(request)
  if (!is.null(path)) return(path)
  text <- response_text(response)
  if (text %in% c("", "{}")) return(list())
  tryCatch(read(text), error = function(cnd) {
    abort(
      c(
        "The answer of '{request_label(request)}' is not JSON.",
        i = "Is {hide_password(sub('/api/.*', '', request$url))} a tracking server?"
      ),
      "server",
      call = call,
      parent = cnd
    )
  })
}

# Follow page tokens of a search by POST until `limit` or the end.
search_pages <- function(client, endpoint, field, body, limit = Inf, call = rlang::caller_env()) {
  found <- list()
  repeat {
    body$max_results <- min(1000, limit - length(found))
    answer <- request_build(client, "POST", endpoint, body = body) |>
      request_perform(idempotent = TRUE, call = call)
    found <- c(found, answer[[field]])
    body$page_token <- answer$next_page_token
    if (is.null(body$page_token) || length(found) >= limit) return(found)
  }
}

request_send <- function(request, idempotent, path, call) {
  tries <- max(env_number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 5), 0) + 1
  for (try in seq_len(tries)) {
    # The second name of a failure is that of httr2 1.0 and later.
    response <- tryCatch(
      httr2::req_perform(request, path = path),
      crateflow_response = function(cnd) cnd$response, httr2_failed = identity, httr2_failure = identity
    )
    lost <- inherits(response, "error")
    again <- if (lost) idempotent else is_transient(response, idempotent)
    if (!again || try == tries) break
    reason <- if (lost) conditionMessage(response) else paste("status", httr2::resp_status(response))
    rlang::inform(
      inline("Request '{request_label(request)}' failed ({reason}); trying again.", environment()),
      class = "crateflow_message_retry"
    )
    Sys.sleep(retry_delay(response, try))
  }
  if (lost) {
    server <- hide_password(sub("^(https?://[^/]+).*", "\\1", request$url))
    scores <- request_label(request) == scoring_endpoint
    start <- if (scores) "A scoring server is started with {.code crateflow models serve}." else
      "A tracking server is started with {.code crateflow server}."
    abort(
      c(
        "The server at {server} cannot be reached.",
        x = "{conditionMessage(response)}",
        i = paste("Is it running?", start)
      ),
      "unavailable",
      call = call
    )
  }
  response
}

is_transient <- function(response, idempotent) {
  status <- httr2::resp_status(response)
  status == 429 || (idempotent && status %in% c(500, 502, 503, 504))
}

# Seconds: what the server asks for, else 1/4, 1/2, 1, 2, ...; never more than a minute.
retry_delay <- function(response, try) {
  asked <- if (!inherits(response, "error")) httr2::resp_header(response, "Retry-After")
  delay <- suppressWarnings(as.numeric(asked %||% NA))
  if (is.na(delay)) delay <- getOption("crateflow.retry_delay_s", 0.25) * 2^(try - 1)
  min(delay, 60)
}

request_label <- function(request) {
  sub("[?].*", "", sub(paste0("^https?://[^/]+(.*", api_prefix, ")?"), "", request$url))
}

request_options <- function(request) {
  timeout_s <- getOption("mlflow.rest.timeout") %||% env_number("MLFLOW_HTTP_REQUEST_TIMEOUT", 120)
  insecure <- env_flag("MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE", "MLFLOW_INSECURE")
  certificate <- env_first("MLFLOW_TRACKING_CLIENT_CERT_PATH")
  options <- list(
    # A limit on silence, not on the whole transfer: a large file may take as long as it moves.
    connecttimeout = min(timeout_s, 10),
    low_speed_limit = 1,
    low_speed_time = timeout_s,
    ssl_verifypeer = if (insecure) 0L,
    ssl_verifyhost = if (insecure) 0L,
    cainfo = env_first("MLFLOW_TRACKING_SERVER_CERT_PATH"),
    sslcert = certificate,
    sslkey = certificate
  )
  httr2::req_options(request, !!!compact(options))
}

# Names of MLflow before 1.19.
deprecated_variables <- c("MLFLOW_USERNAME", "MLFLOW_PASSWORD", "MLFLOW_TOKEN", "MLFLOW_INSECURE")

# The first of several environment variables that is set, or NULL.
env_first <- function(...) {
  values <- Sys.getenv(c(...), names = TRUE)
  values <- values[nzchar(values)]
  if (length(values) == 0) return(NULL)
  name <- names(values)[[1]]
  if (name %in% deprecated_variables) {
    warn("The environment variable {name} is deprecated: use {sub('_', '_TRACKING_', name)}.", "deprecated",
      .frequency = "once", .frequency_id = name
    )
  }
  values[[1]]
}

env_flag <- function(...) {
  tolower(env_first(...) %||% "false") %in% c("true", "1", "yes")
}

env_number <- function(name, default) {
  value <- Sys.getenv(name)
  if (!nzchar(value)) return(default)
  value <- suppressWarnings(as.numeric(value))
  if (is.na(value)) default else value
}

query_text <- function(query) {
  if (length(query) == 0) return("")
  names <- rep(names(query), lengths(query))
  values <- vapply(unlist(lapply(query, as.list), recursive = FALSE), as_text, "")
  if (length(values) == 0) return("")
  paste0("?", paste0(percent_encode(names), "=", percent_encode(values), collapse = "&"))
}

unreserved_bytes <- charToRaw("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Byte by byte, because the functions of base R depend on the locale.
percent_encode <- function(x) {
  vapply(x, function(text) {
    bytes <- charToRaw(as_utf8(text))
    plain <- bytes %in% unreserved_bytes
    paste0(ifelse(plain, rawToChar(bytes, multiple = TRUE), sprintf("%%%02X", as.integer(bytes))),
      collapse = ""
    )
  }, "", USE.NAMES = FALSE)
}

# The path of a file inside a URL: slashes stay.
percent_encode_path <- function(path) {
  paste(percent_encode(strsplit(path, "/", fixed = TRUE)[[1]]), collapse = "/")
}
