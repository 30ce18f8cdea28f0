# A scoring server in R alone, for where the command `crateflow` is not installed: one process, one request
# at a time, JSON only. What it answers to JSON is what the command's server answers.

# By the command where it is installed, else in R.
start_scoring <- function(folder, host, port, call = rlang::caller_env()) {
  if (has_command() || !requireNamespace("httpuv", quietly = TRUE)) {
    return(start_command(c("models", "serve", "-m", folder, "--host", host, "--port", port), call = call))
  }
  code <- rlang::call2("serve_model", folder, host, as.integer(port), .ns = "crateflow")
  code[[1]][[1]] <- quote(`:::`)
  lines <- c(deparse(rlang::call2(".libPaths", .libPaths())), deparse(code))
  script <- tempfile("serve-", fileext = ".R")
  write_utf8(lines, script)
  start_command(c("--vanilla", script), file.path(R.home("bin"), "Rscript"), call = call)
}

has_command <- function() {
  rlang::is_character(tryCatch(command_path(NULL), crateflow_error_no_command = function(cnd) NULL))
}

# Serve a model until the process is ended.
serve_model <- function(folder, host, port) {
  app <- list(call = scoring_app(folder))
  if (port == 0) port <- httpuv::randomPort(host = host)
  server <- httpuv::startServer(host, port, app)
  on.exit(server$stop())
  cat("Listening at http://", host, ":", port, "\n", sep = "")
  flush(stdout())
  repeat httpuv::service(1000)
}

#' Answer the requests of a scoring server
#'
#' @param folder Folder of a model with a crate.
#' @returns A function of a request, as httpuv calls it.
#' @noRd
scoring_app <- function(folder) {
  spec <- read_spec(folder)
  fields <- spec$flavors$crate
  if (is.null(fields)) {
    abort("Without the command {.code crateflow}, only crates are served: {.path {folder}} holds none.",
      "no_command"
    )
  }
  crate <- mlflow_load_flavor(structure(list(fields = fields), class = "mlflow_flavor_crate"), folder)
  signature <- lapply(spec$signature[lengths(spec$signature) > 0], from_json)
  score <- function(req) {
    paste0("{\"predictions\": ", score_json(request_of(req), crate, fields, signature), "}")
  }
  routes <- list(
    "/invocations" = list("POST", score),
    "/ping" = list("GET", function(req) "\n"),
    "/health" = list("GET", function(req) "\n"),
    "/version" = list("GET", function(req) as.character(utils::packageVersion("crateflow")))
  )
  function(req) {
    tryCatch(
      http_answer(200L, handler_of(req, routes)(req)),
      scoring_refusal = function(cnd) {
        http_answer(cnd$status, to_json(list(error_code = cnd$code, message = cnd$message)))
      }
    )
  }
}

handler_of <- function(req, routes) {
  route <- routes[[req$PATH_INFO]]
  if (is.null(route)) refuse(paste0("There is no '", req$PATH_INFO, "' here."), "ENDPOINT_NOT_FOUND", 404L)
  if (req$REQUEST_METHOD != route[[1]]) {
    refuse(paste0(req$PATH_INFO, " answers to ", route[[1]], "."), "ENDPOINT_NOT_FOUND", 405L)
  }
  route[[2]]
}

# The predictions for the rows of a request, as JSON.
score_json <- function(request, crate, fields, signature) {
  rows <- as_trained(request_rows(request, signature$inputs), fields)
  n <- if (is.data.frame(rows) || is.matrix(rows)) nrow(rows) else length(rows)
  if (n == 0) return("[]")
  params <- request_params(request$params, signature$params, names(formals(unclass(crate)))[-1])
  result <- tryCatch(
    suppressWarnings(do.call(crate, c(list(rows), params))),
    error = function(cnd) refuse(conditionMessage(cnd), "BAD_REQUEST")
  )
  predictions_json(result, n)
}

http_answer <- function(status, body) {
  list(status = status, headers = list("Content-Type" = "application/json"), body = body)
}

# End the answering of a request with an error for its sender.
refuse <- function(message, code = "INVALID_PARAMETER_VALUE", status = 400L) {
  stop(structure(
    class = c("scoring_refusal", "error", "condition"),
    list(message = message, call = NULL, code = code, status = status)
  ))
}
