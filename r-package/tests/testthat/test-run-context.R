status_of <- function(run) mlflow_get_run(mlflow_id(run))$status

test_that("with() ends the run and returns the block's value, invisibly", {
  local_tracking()
  run <- mlflow_start_run()
  value <- expect_invisible(with(run, 6 * 7))
  expect_identical(value, 42)
  expect_identical(status_of(run), "FINISHED")
  expect_false(is.na(mlflow_get_run(mlflow_id(run))$end_time))
  expect_null(mlflow_active_run())
})

test_that("an error fails the run and goes on to the caller, unchanged", {
  local_tracking()
  run <- mlflow_start_run()
  original <- structure(class = c("own_error", "error", "condition"), list(message = "no way", call = NULL))
  caught <- tryCatch(with(run, stop(original)), error = identity)
  expect_identical(caught, original)
  expect_identical(status_of(run), "FAILED")
  expect_null(mlflow_active_run())
})

test_that("an error that the block handles itself does no harm", {
  local_tracking()
  run <- mlflow_start_run()
  with(run, try(stop("handled"), silent = TRUE))
  expect_identical(status_of(run), "FINISHED")
})

test_that("an interrupt kills the run and goes on", {
  local_tracking()
  run <- mlflow_start_run()
  caught <- tryCatch(with(run, rlang::interrupt()), interrupt = function(cnd) "interrupted")
  expect_identical(caught, "interrupted")
  expect_identical(status_of(run), "KILLED")
})

test_that("a real interrupt kills the run, in a block and out of it", {
  uri <- local_tracking()
  blocks <- c(
    "with(run <- mlflow_start_run(), { cat(run$run_id, '\\n'); Sys.sleep(1000) })",
    "run <- mlflow_start_run(); cat(run$run_id, '\\n'); Sys.sleep(1000)"
  )
  for (block in blocks) {
    process <- start_r(c("library(crateflow)", block), c(MLFLOW_TRACKING_URI = uri))
    run_id <- trimws(first_line(process))
    expect_identical(mlflow_get_run(run_id)$status, "RUNNING")
    process$interrupt()
    process$wait(1000 * limit_s)
    expect_false(process$is_alive())
    expect_identical(mlflow_get_run(run_id)$status, "KILLED")
  }
})

test_that("leaving the block by return() finishes the run", {
  local_tracking()
  run <- mlflow_start_run()
  leave <- function() {
    with(run, return("left"))
    "not left"
  }
  expect_identical(leave(), "left")
  expect_identical(status_of(run), "FINISHED")
})

test_that("a run that cannot be closed does not hide the error of the block", {
  local_tracking()
  run <- mlflow_start_run()
  expect_warning(
    expect_error(
      with(run, {
        mlflow_set_tracking_uri("ftp://nowhere")
        stop("the cause")
      }),
      "the cause"
    ),
    "could not be closed as FAILED", class = "crateflow_warning_run_left_open"
  )
  expect_length(session$runs, 0)
})

test_that("runs nest, and end with the one around them", {
  local_tracking()
  outer <- mlflow_start_run()
  expect_error(mlflow_start_run(), paste("Run with UUID", mlflow_id(outer), "is already active"),
    class = "crateflow_error_conflict"
  )
  inner <- mlflow_start_run(nested = TRUE)
  tags <- inner$tags[[1]]
  expect_identical(tags$value[tags$key == "mlflow.parentRunId"], mlflow_id(outer))
  expect_identical(mlflow_id(mlflow_active_run()), mlflow_id(inner))
  mlflow_end_run()
  expect_identical(mlflow_id(mlflow_active_run()), mlflow_id(outer))
  expect_error(with(outer, {
    left_open <- mlflow_start_run(nested = TRUE)
    stop("early")
  }), "early")
  expect_identical(status_of(outer), "FAILED")
  expect_identical(status_of(left_open), "FAILED")
  expect_length(session$runs, 0)
})

test_that("a run can be the child of one of another session", {
  local_tracking()
  parent <- mlflow_start_run(client = mlflow_client())
  with(child <- mlflow_start_run(parent_run_id = mlflow_id(parent)), mlflow_log_param("fold", 1))
  expect_identical(mlflow_id(mlflow_get_parent_run(mlflow_id(child))), mlflow_id(parent))
})

test_that("with() is for the active run", {
  local_tracking()
  run <- mlflow_start_run()
  mlflow_end_run()
  expect_error(with(run, 1), "`with()` should only be used with `mlflow_start_run()`.", fixed = TRUE)
})

test_that("without a run, reading is an error and logging starts one that stays", {
  local_tracking()
  for (read in list(mlflow_get_run, mlflow_list_artifacts)) {
    expect_error(read(), "`run_id` must be specified when there is no active run",
      class = "crateflow_error_no_active_run"
    )
  }
  expect_error(mlflow_end_run(), "There is no active run to end", class = "crateflow_error_no_active_run")
  mlflow_log_param("a", 1)
  run <- mlflow_active_run()
  expect_identical(run$experiment_id, "0")
  mlflow_log_metric("b", 2)
  expect_identical(mlflow_id(mlflow_active_run()), mlflow_id(run))
  expect_identical(mlflow_end_run("FAILED", end_time = 1.7e12)$status, "FAILED")
  expect_identical(as.numeric(mlflow_get_run(mlflow_id(run))$end_time), 1.7e9)
})

test_that("a client leaves the session alone and wants to be told the run", {
  local_tracking()
  client <- mlflow_client()
  run <- mlflow_start_run(client = client, experiment_id = 0, start_time = .POSIXct(1.7e9))
  expect_null(mlflow_active_run())
  expect_identical(as.numeric(run$start_time), 1.7e9)
  for (call in list(
    function() mlflow_log_param("a", 1, client = client),
    function() mlflow_end_run(client = client),
    function() mlflow_get_run(client = client)
  )) {
    expect_error(call(), "`run_id` must be specified when `client` is specified")
  }
  mlflow_log_param("a", 1, run_id = mlflow_id(run), client = client)
  expect_identical(mlflow_end_run(run_id = mlflow_id(run), client = client)$status, "FINISHED")
  expect_error(mlflow_start_run(run_id = mlflow_id(run), client = client), "together with `client`")
})

test_that("a run is gone on with, by id or by the environment", {
  local_tracking()
  run <- mlflow_start_run()
  mlflow_end_run("FAILED")
  with(mlflow_start_run(run_id = mlflow_id(run)), {
    expect_identical(mlflow_get_run()$status, "RUNNING")
    mlflow_log_param("later", TRUE)
  })
  withr::local_envvar(MLFLOW_RUN_ID = mlflow_id(run))
  attached <- with(mlflow_start_run(), mlflow_get_run())
  expect_identical(mlflow_id(attached), mlflow_id(run))
  expect_identical(attached$params[[1]]$value, "TRUE")
})

test_that("a run left open when R ends is closed as killed, also after an error", {
  uri <- local_tracking()
  file <- withr::local_tempfile(fileext = ".R")
  for (last in c("", "stop('halted')")) {
    writeLines(c("library(crateflow)", "run <- mlflow_start_run()", "cat(run$run_id)", last), file)
    id <- suppressWarnings(system2(
      file.path(R.home("bin"), "Rscript"), c("--vanilla", file),
      stdout = TRUE, stderr = FALSE,
      env = c(
        paste0("MLFLOW_TRACKING_URI=", uri), "R_TESTS=",
        paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep))
      )
    ))
    run <- mlflow_get_run(id)
    expect_identical(run$status, "KILLED")
    tags <- run$tags[[1]]
    expect_identical(tags$value[tags$key == "mlflow.source.name"], file)
  }
})

test_that("the source of a run in a document is the document", {
  skip_if_not_installed("knitr")
  folder <- withr::local_tempdir()
  document <- file.path(folder, "report.Rmd")
  writeLines(c("```{r, echo = FALSE, comment = ''}", "cat(source_name())", "```"), document)
  knitted <- knitr::knit(document, file.path(folder, "report.md"), quiet = TRUE, envir = environment())
  expect_match(readLines(knitted), normalizePath(document), fixed = TRUE, all = FALSE)
})
