# How long the R package's own part takes, beside a tracking server that it starts: its bounds, and whether
# they hold. Usage: Rscript benchmarks/r_client.R, with crateflow installed and its command on the path.
#
# Each figure is the median of several turns. A request is compared, turn by turn, with the same bytes sent by
# curl itself on a connection that is kept open, and with httr2 sending them without anything around it: by
# the processor time of this process, because the server takes as long for each of them.

median_ms <- function(turns, act) {
  1000 * stats::median(vapply(seq_len(turns), function(turn) system.time(act())[["elapsed"]], 0))
}

# Of several calls: one is shorter than what system.time() resolves.
per_call_ms <- function(calls, act, turns = 1) {
  median_ms(turns, function() for (call in seq_len(calls)) act()) / calls
}

processor_ms <- function(calls, act) {
  time <- system.time(for (call in seq_len(calls)) act())
  1000 * (time[["user.self"]] + time[["sys.self"]]) / calls
}

rscript <- file.path(R.home("bin"), "Rscript")
start_ms <- function(code) {
  median_ms(7, function() system2(rscript, c("--vanilla", "-e", shQuote(code)), stdout = FALSE))
}

bounds <- data.frame(what = character(), ms = numeric(), bound_ms = numeric())
note <- function(what, ms, bound_ms) {
  bounds[nrow(bounds) + 1, ] <<- list(what, ms, bound_ms)
}

note("library(crateflow)", start_ms("library(crateflow)") - start_ms("invisible()"), 400)

library(crateflow)
server <- mlflow_server(tempfile("store-"), port = 0, workers = 1, serve_artifacts = TRUE)
mlflow_set_tracking_uri(server$server_url)
run <- mlflow_start_run()

body <- jsonlite::toJSON(list(
  run_id = run$run_id, run_uuid = run$run_id, key = "loss", value = 0.25, timestamp = 1.7e12, step = 0
), auto_unbox = TRUE, digits = NA)
handle <- curl::new_handle(customrequest = "POST", postfields = as.character(body))
curl::handle_setheaders(handle, "Content-Type" = "application/json")
endpoint <- paste0(server$server_url, "/api/2.0/mlflow/runs/log-metric")
send_raw <- function() stopifnot(curl::curl_fetch_memory(endpoint, handle)$status_code == 200)
send <- function() mlflow_log_metric("loss", 0.25, step = 0)
request <- httr2::request(endpoint) |>
  httr2::req_body_raw(charToRaw(body), type = "application/json")
send_httr2 <- function() httr2::req_perform(request)
for (warm_up in 1:100) {
  send_raw()
  send_httr2()
  send()
}
turns <- vapply(1:9, function(turn) {
  vapply(list(raw = send_raw, httr2 = send_httr2, ours = send), processor_ms, 0, calls = 100)
}, double(3))
above <- function(base) stats::median(turns["ours", ] - turns[base, ])
note("mlflow_log_metric(), above the same request sent by curl", above("raw"), 1.5)
note("mlflow_log_metric(), above the same request sent by httr2", above("httr2"), 1.5)

file <- tempfile()
writeBin(as.raw(rep(1:4, 256)), file)
note("mlflow_log_artifact() of 1 KB", per_call_ms(20, function() mlflow_log_artifact(file, "files"), 7), 30)

set.seed(1)
rows <- data.frame(x = rnorm(1e5), z = rnorm(1e5))
rows$y <- rows$x + rnorm(1e5)
fit <- lm(y ~ x + z, rows)
log_model <- function() suppressMessages(mlflow_log_model(fit, "model"))
note("mlflow_log_model() of lm() on 100,000 rows", median_ms(5, log_model), 2000)
size <- mlflow_list_artifacts("model") |> suppressMessages()
crate_bytes <- size$file_size[size$path == "model/crate.bin"]

mlflow_end_run()
server$stop()
print(transform(bounds, ms = signif(ms, 3), holds = ms < bound_ms), row.names = FALSE)
cat(sprintf(
  "crate.bin of that lm(): %d bytes; the model in memory: %.1f MB\n",
  crate_bytes, as.numeric(object.size(fit)) / 1e6
))
quit(status = any(bounds$ms >= bounds$bound_ms))
