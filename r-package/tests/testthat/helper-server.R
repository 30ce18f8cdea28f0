# Real servers for the tests, each started once and stopped when the tests end.

servers <- new.env(parent = emptyenv())

# How long a test waits for what must happen, before it calls it not happening; of no meaning otherwise.
limit_s <- 300

#' Point a test at the tracking server, with nothing active and nothing of the user's environment.
#'
#' It is that of CRATEFLOW_TEST_SERVER where another kind of server is to be tried.
local_tracking <- function(env = parent.frame()) {
  named <- Sys.getenv("CRATEFLOW_TEST_SERVER")
  if (nzchar(named)) servers$tracking <- named
  if (is.null(servers$tracking)) {
    folder <- withr::local_tempdir(.local_envir = testthat::teardown_env())
    servers$tracking <- start_crateflow(
      c(
        "server", "--port", "0", "--workers", "1",
        "--backend-store-uri", paste0("sqlite:///", folder, "/tracking.db"),
        "--artifacts-destination", file.path(folder, "artifacts")
      ),
      folder
    )
  }
  local_session(servers$tracking, env)
}

#' Serve a model folder until the test ends; returns the address.
local_scoring <- function(path, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  start_crateflow(c("models", "serve", "-m", path, "--port", "0", "--workers", "1"), folder, env)
}

local_session <- function(uri = NULL, env = parent.frame()) {
  variables <- union("MLFLOW_RUN_ID", grep("^MLFLOW_", names(Sys.getenv()), value = TRUE))
  cleared <- stats::setNames(rep(NA_character_, length(variables)), variables)
  withr::local_envvar(cleared, .local_envir = env)
  withr::local_options(crateflow.retry_delay_s = 0.01, .local_envir = env)
  before <- as.list(session)
  withr::defer(list2env(before, session), envir = env)
  session$tracking_uri <- uri
  session$registry_uri <- NULL
  session$secrets <- list()
  session$base_request <- NULL
  session$experiment_id <- NULL
  session$runs <- character()
  session$last_run <- NULL
  session$shared_run <- NULL
  invisible(uri)
}

# The package finds the command in the environment.
local_command <- function(env = parent.frame()) {
  withr::local_envvar(CRATEFLOW_BIN = crateflow_command(), .local_envir = env)
  withr::local_options(mlflow.connect.wait = limit_s, .local_envir = env)
}

start_crateflow <- function(arguments, folder, env = testthat::teardown_env()) {
  command <- crateflow_command()
  log <- file.path(folder, "server.log")
  process <- processx::process$new(
    command, arguments,
    # R puts the system's libraries first, which do not fit a Python of another place.
    stdout = log, stderr = "2>&1", wd = folder, env = c("current", LD_LIBRARY_PATH = ""),
    cleanup_tree = TRUE
  )
  withr::defer(
    {
      process$signal(tools::SIGTERM)
      process$wait(1000 * limit_s)
      process$kill_tree()
    },
    envir = env
  )
  deadline <- Sys.time() + limit_s
  repeat {
    has_ended <- !process$is_alive()
    said <- readLines(log, warn = FALSE)
    address <- sub("^Listening at (http[^ ]+).*", "\\1", grep("^Listening at ", said, value = TRUE))
    if (length(address) > 0) return(address[[1]])
    if (has_ended || Sys.time() > deadline) {
      stop("`crateflow ", arguments[[1]], "` does not start:\n", paste(said, collapse = "\n"))
    }
    process$poll_io(50)
    Sys.sleep(0.05)
  }
}

# From r-package/tests/testthat, unless the package is checked elsewhere.
repository <- function() {
  Sys.getenv("CRATEFLOW_REPOSITORY", file.path("..", "..", ".."))
}

#' The command `crateflow`: of CRATEFLOW_BIN, of the repository these tests are in, or of the PATH.
crateflow_command <- function() {
  named <- Sys.getenv("CRATEFLOW_BIN")
  if (nzchar(named)) return(normalizePath(named, mustWork = TRUE))
  own <- file.path(repository(), ".venv", "bin", "crateflow")
  if (file.exists(own)) return(normalizePath(own))
  found <- Sys.which("crateflow")
  testthat::skip_if(!nzchar(found), "the command crateflow is not installed")
  unname(found)
}

# A name that no other test uses.
unique_name <- function(prefix) {
  paste0(prefix, "-", substr(new_uuid(), 1, 12))
}

#' Start a server that answers as `plan` says, a list of lists, in turn and then with `{}` for ever; see
#' `unreliable-server.py`. The last answer tells what came: `requests_to(server)`.
local_unreliable <- function(plan, tls = FALSE, env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  # A list() of no fields is written as an object.
  plan <- lapply(plan, function(reply) if (length(reply) == 0) list(status = 200) else reply)
  python <- file.path(dirname(crateflow_command()), "python")
  script <- testthat::test_path("unreliable-server.py")
  process <- processx::process$new(
    python, c(script, to_json(list(replies = plan)), folder, if (tls) "tls"),
    stdout = "|", stderr = file.path(folder, "errors"), env = c("current", LD_LIBRARY_PATH = "")
  )
  withr::defer(process$kill(), envir = env)
  list(url = first_line(process, file.path(folder, "errors")), folder = folder)
}

# What the server was asked, a line for each request: method and path.
requests_to <- function(server) {
  readLines(file.path(server$folder, "requests"))
}

# The first line that a process prints; what it says in place of one is in the file `errors`, or its stderr.
first_line <- function(process, errors = NULL) {
  deadline <- Sys.time() + limit_s
  repeat {
    # Asked before what it printed is read, which then is all.
    has_ended <- !process$is_alive()
    # It may be woken up by the end of another process.
    process$poll_io(1000)
    line <- process$read_output_lines(n = 1)
    if (length(line) > 0) return(line[[1]])
    if (has_ended || Sys.time() > deadline) {
      said <- if (is.null(errors)) process$read_all_error_lines() else readLines(errors)
      stop(paste(said, collapse = "\n"))
    }
  }
}

# Run R code in a fresh process, as a user would; returns the lines it prints.
run_r <- function(code, env = character(), arguments = character()) {
  process <- start_r(code, env, arguments)
  process$wait(1000 * limit_s)
  c(process$read_all_output_lines(), process$read_all_error_lines())
}

start_r <- function(code, env = character(), arguments = character()) {
  file <- tempfile(fileext = ".R")
  writeLines(code, file)
  processx::process$new(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", file, arguments),
    stdout = "|", stderr = "|",
    env = c(
      "current", R_TESTS = "", R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep), env
    )
  )
}

# Answer requests from `answer(request)` in place of a server.
local_answers <- function(answer, env = parent.frame()) {
  # Newer versions of httr2 insist on the name of the argument.
  withr::local_options(httr2_mock = function(req) answer(req), .local_envir = env)
}

# The credentials a request has with it; newer versions of httr2 hide them.
authorization <- function(request) {
  if ("req_get_headers" %in% getNamespaceExports("httr2")) {
    request$headers <- getExportedValue("httr2", "req_get_headers")(request, "reveal")
  }
  request$headers$Authorization
}

json_answer <- function(x, status = 200L, headers = list()) {
  httr2::response(status, headers = headers, body = charToRaw(to_json(x)))
}

iris_crate <- function() {
  fit <- stats::lm(Sepal.Width ~ Sepal.Length, datasets::iris)
  crate(function(x) stats::predict(model, x), model = fit)
}

# What xgboost trains on: the first column by the others.
boosting_data <- function(frame) xgboost::xgb.DMatrix(as.matrix(frame[-1]), label = frame[[1]])

# The argument for the data that is evaluated after each round.
boosting_watch <- function() intersect(c("evals", "watchlist"), names(formals(xgboost::xgb.train)))[[1]]
