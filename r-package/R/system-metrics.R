# The load of the machine, logged beside a run by another R process: this one is busy with the training.

#' Start a process that logs the load of the machine to a run
#'
#' It ends when its file is removed, which happens with the session's temporary folder too, or when this
#' process is gone.
#' @noRd
start_sampler <- function(run_id) {
  if (!file.exists("/proc/stat")) {
    warn("System metrics are read from /proc, which this system has not: none are logged.", "no_proc")
    return(invisible())
  }
  alive <- tempfile("sampler-")
  file.create(alive)
  code <- "crateflow:::log_system_metrics(commandArgs(TRUE))"
  system2(
    file.path(R.home("bin"), "Rscript"),
    c("--vanilla", "-e", shQuote(c(code, run_id, alive, Sys.getpid()))),
    stdout = FALSE, stderr = FALSE, wait = FALSE,
    env = c(
      paste0("R_LIBS=", shQuote(paste(.libPaths(), collapse = .Platform$path.sep))),
      paste0("MLFLOW_TRACKING_URI=", shQuote(mlflow_get_tracking_uri())), "R_TESTS="
    )
  )
  session$samplers[[run_id]] <- alive
}

stop_sampler <- function(run_id) {
  alive <- session$samplers[[run_id]]
  if (is.null(alive)) return(invisible())
  unlink(alive)
  session$samplers[[run_id]] <- NULL
}

#' Log the load of the machine until told to stop; the whole of the other process
#'
#' @param arguments The run's id, the file that says to go on, and the id of the process that runs.
#' @noRd
log_system_metrics <- function(arguments) {
  run_id <- arguments[[1]]
  wanted <- function() file.exists(arguments[[2]]) && file.exists(file.path("/proc", arguments[[3]]))
  interval_s <- env_number("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", 10)
  client <- mlflow_client()
  before <- read_counters()
  step <- 0
  # The first sample soon, so that short runs have one.
  wait_s <- min(interval_s, 1)
  while (wait_while(wanted, wait_s)) {
    now <- read_counters()
    # A server that is away for a while misses a sample, no more.
    try(
      mlflow_log_metrics(system_metrics(before, now), step = step, run_id = run_id, client = client),
      silent = TRUE
    )
    before$cpu <- now$cpu
    step <- step + 1
    wait_s <- interval_s
  }
}

# Sleep in short turns, to end soon when the run does; whether it still goes on.
wait_while <- function(wanted, seconds) {
  until <- Sys.time() + seconds
  while (wanted() && Sys.time() < until) Sys.sleep(min(0.1, seconds))
  wanted()
}

# What the kernel counts up from its start: processor time (in all, idle) and bytes of the network (received,
# sent). See proc(5).
read_counters <- function() {
  cpu <- as.numeric(strsplit(readLines("/proc/stat", n = 1), " +")[[1]][-1])
  devices <- strsplit(trimws(sub(":", " ", readLines("/proc/net/dev")[-(1:2)])), " +")
  devices <- Filter(function(device) device[[1]] != "lo", devices)
  list(
    # Guests are counted among the users too; waiting for a disk is idle.
    cpu = c(all = sum(cpu[1:8]), idle = sum(cpu[4:5])),
    network = c(
      receive = sum(vapply(devices, function(x) as.numeric(x[[2]]), 0)),
      transmit = sum(vapply(devices, function(x) as.numeric(x[[10]]), 0))
    )
  )
}

#' Measures of the machine, under the names that MLflow gives them
#'
#' @param before,now From `read_counters()`: the network counts from the first, the processors since the last.
#' @returns Named numbers; those that cannot be read are left out.
#' @noRd
system_metrics <- function(before, now) {
  spent <- now$cpu - before$cpu
  network <- (now$network - before$network) / 1e6
  values <- c(
    cpu_utilization_percentage = 100 * (1 - spent[["idle"]] / max(spent[["all"]], 1)),
    read_memory(),
    read_disk(),
    network_receive_megabytes = network[["receive"]],
    network_transmit_megabytes = network[["transmit"]]
  )
  values <- values[is.finite(values)]
  stats::setNames(values, paste0("system/", names(values)))
}

read_memory <- function() {
  lines <- readLines("/proc/meminfo")
  kib <- stats::setNames(as.numeric(gsub("[^0-9]", "", sub(".*:", "", lines))), sub(":.*", "", lines))
  used <- kib[["MemTotal"]] - kib[["MemAvailable"]]
  c(
    system_memory_usage_megabytes = used * 1024 / 1e6,
    system_memory_usage_percentage = 100 * used / kib[["MemTotal"]]
  )
}

# Of the file system with the root folder.
read_disk <- function() {
  said <- suppressWarnings(system2("df", c("-Pk", "/"), stdout = TRUE, stderr = FALSE))
  kib <- as.numeric(strsplit(said[[2]], " +")[[1]][2:4])
  c(
    disk_usage_percentage = 100 * kib[[2]] / (kib[[2]] + kib[[3]]),
    disk_usage_megabytes = kib[[2]] * 1024 / 1e6,
    disk_available_megabytes = kib[[3]] * 1024 / 1e6
  )
}
