logged_metrics <- function(run) mlflow_get_run(mlflow_id(run))$metrics[[1]]

# Wait for what another process does.
eventually <- function(happened, seconds = limit_s) {
  deadline <- Sys.time() + seconds
  while (Sys.time() < deadline) {
    if (happened()) return(TRUE)
    Sys.sleep(0.05)
  }
  FALSE
}

# The processes that watch for a run.
samplers_of <- function(run_id) {
  command_line <- function(process) {
    suppressWarnings(readLines(file.path(process, "cmdline"), skipNul = TRUE))
  }
  arguments <- lapply(list.files("/proc", "^[0-9]+$", full.names = TRUE), function(process) {
    # It may have ended since.
    tryCatch(command_line(process), error = function(cnd) "")
  })
  Filter(function(line) any(grepl(run_id, line, fixed = TRUE)), arguments)
}

test_that("the load of the machine is logged while a run is active, and no longer", {
  skip_if(!file.exists("/proc/stat"), "no /proc")
  local_tracking()
  withr::local_envvar(MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL = "0.1")
  run <- mlflow_start_run(log_system_metrics = TRUE)
  alive <- session$samplers[[mlflow_id(run)]]
  expect_true(eventually(function() any(logged_metrics(run)$step >= 1)))
  metrics <- logged_metrics(run)
  expect_setequal(metrics$key, paste0("system/", c(
    "cpu_utilization_percentage", "system_memory_usage_megabytes", "system_memory_usage_percentage",
    "disk_usage_percentage", "disk_usage_megabytes", "disk_available_megabytes",
    "network_receive_megabytes", "network_transmit_megabytes"
  )))
  percents <- metrics$value[grepl("percentage", metrics$key)]
  expect_true(all(percents >= 0 & percents <= 100))
  mlflow_end_run()
  expect_false(file.exists(alive))
  expect_true(eventually(function() length(samplers_of(mlflow_id(run))) == 0))
})

test_that("it ends with a session that is killed", {
  skip_if(!file.exists("/proc/stat"), "no /proc")
  uri <- local_tracking()
  process <- start_r(
    c(
      "library(crateflow)", "run <- mlflow_start_run(log_system_metrics = TRUE)",
      "cat(run$run_id, '\\n')", "Sys.sleep(1000)"
    ),
    c(MLFLOW_TRACKING_URI = uri, MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL = "0.1")
  )
  withr::defer(process$kill())
  run_id <- trimws(first_line(process))
  expect_true(eventually(function() length(samplers_of(run_id)) > 0))
  process$kill()
  expect_true(eventually(function() length(samplers_of(run_id)) == 0))
})

test_that("it is off by itself, on by the environment, and for active runs only", {
  local_tracking()
  with(run <- mlflow_start_run(), expect_null(session$samplers[[mlflow_id(run)]]))
  withr::local_envvar(MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING = "true")
  with(run <- mlflow_start_run(), expect_true(file.exists(session$samplers[[mlflow_id(run)]])))
  run <- mlflow_start_run(client = mlflow_client())
  expect_null(session$samplers[[mlflow_id(run)]])
  expect_error(
    mlflow_start_run(client = mlflow_client(), log_system_metrics = TRUE), "such a run is not active",
    class = "crateflow_error_invalid_input"
  )
  expect_error(mlflow_start_run(log_system_metrics = "yes"), "must be TRUE or FALSE")
})

test_that("processors and network are measured by what they did between two readings", {
  before <- list(cpu = c(all = 100, idle = 50), network = c(receive = 1e6, transmit = 0))
  now <- list(cpu = c(all = 200, idle = 75), network = c(receive = 3e6, transmit = 5e5))
  skip_if(!file.exists("/proc/meminfo"), "no /proc")
  metrics <- system_metrics(before, now)
  expect_identical(metrics[["system/cpu_utilization_percentage"]], 75)
  expect_identical(metrics[["system/network_receive_megabytes"]], 2)
  expect_identical(metrics[["system/network_transmit_megabytes"]], 0.5)
})
