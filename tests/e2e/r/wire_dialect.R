# Speaks to a tracking server as the official R client does: every scalar of a body is text ("TRUE",
# "1e+05"), runs are named by run_uuid and run_id at once, and registered models are searched by POST.

server <- commandArgs(trailingOnly = TRUE)[[1]]

call_api <- function(method, path, ..., .status = 200L) {
  fields <- Filter(Negate(is.null), list(...))
  request <- httr2::request(paste0(server, "/api/2.0/mlflow/", path)) |>
    httr2::req_method(method) |>
    httr2::req_error(is_error = function(response) FALSE)
  request <- if (method == "GET") {
    do.call(httr2::req_url_query, c(list(request), lapply(fields, as.character)))
  } else {
    body <- if (length(fields)) rapply(fields, as.character, how = "replace") else NULL
    httr2::req_body_raw(request, jsonlite::toJSON(body, auto_unbox = TRUE, null = "null"), "application/json")
  }
  response <- httr2::req_perform(request)
  if (httr2::resp_status(response) != .status) stop(path, ": ", httr2::resp_body_string(response))
  invisible(jsonlite::fromJSON(httr2::resp_body_string(response), simplifyVector = FALSE))
}

run_call <- function(method, path, run_id, ...) {
  call_api(method, path, run_uuid = run_id, run_id = run_id, ...)
}

# Experiments
missing <- call_api("GET", "experiments/get-by-name", experiment_name = "cars", .status = 404L)
stopifnot(missing$error_code == "RESOURCE_DOES_NOT_EXIST")
experiment_id <- call_api("POST", "experiments/create", name = "cars")$experiment_id
stopifnot(nchar(experiment_id) <= 15)
call_api("POST", "experiments/set-experiment-tag", experiment_id = as.numeric(experiment_id), key = "k", value = 7)
stopifnot(call_api("GET", "experiments/get", experiment_id = experiment_id)$experiment$tags[[1]]$value == "7")
listed <- call_api("GET", "experiments/list", view_type = "ACTIVE_ONLY")$experiments
stopifnot("cars" %in% vapply(listed, `[[`, "", "name"))
found <- call_api("POST", "experiments/search", view_type = "ACTIVE_ONLY", max_results = 1000)$experiments
stopifnot(length(found) == 2)

# A run: round numbers arrive in exponent notation
created <- call_api("POST", "runs/create",
  experiment_id = experiment_id, user_id = "ann", start_time = 1.7e12,
  tags = list(list(key = "mlflow.user", value = "ann"))
)$run
run_id <- created$info$run_uuid
stopifnot(identical(run_id, created$info$run_id), as.numeric(created$info$start_time) == 1.7e12)
stopifnot(as.character(1e5) == "1e+05")
run_call("POST", "runs/log-parameter", run_id, key = "rows", value = 1e5)
run_call("POST", "runs/log-parameter", run_id, key = "scaled", value = TRUE)
run_call("POST", "runs/log-parameter", run_id, key = "absent", value = "NA")
run_call("POST", "runs/log-metric", run_id, key = "rmse", value = 1 / 3, timestamp = 1.7e12, step = 1e5)
for (value in c(NaN, Inf, -Inf)) {
  run_call("POST", "runs/log-metric", run_id,
    key = "odd", value = c("NaN", "Infinity", "-Infinity")[[match(value, c(NaN, Inf, -Inf))]],
    timestamp = 1.7e12, step = 0
  )
}
run_call("POST", "runs/log-batch", run_id,
  metrics = list(list(key = "mae", value = 2.5, timestamp = 1.7e12, step = 2e5)),
  params = list(list(key = "formula", value = "mpg ~ wt")),
  tags = list(list(key = "stage", value = "draft"))
)
run_call("POST", "runs/set-tag", run_id, key = "note", value = "Gr\u00fc\u00dfe")
run_call("POST", "runs/delete-tag", run_id, key = "stage")
model <- list(
  utc_time_created = "2024-05-06 07:08:09.123456", run_id = run_id, artifact_path = "model",
  flavors = list(crate = list(version = "0.1.0", model = "crate.bin"))
)
run_call("POST", "runs/log-model", run_id, model_json = jsonlite::toJSON(model, auto_unbox = TRUE))
info <- run_call("POST", "runs/update", run_id, status = "FINISHED", end_time = 1.8e12)$run_info
stopifnot(info$run_uuid == run_id, info$status == "FINISHED", as.numeric(info$end_time) == 1.8e12)

data <- run_call("GET", "runs/get", run_id)$run$data
texts <- function(entries) setNames(vapply(entries, `[[`, "", "value"), vapply(entries, `[[`, "", "key"))
params <- texts(data$params)
stopifnot(params[c("rows", "scaled", "absent", "formula")] == c("1e+05", "TRUE", "NA", "mpg ~ wt"))
tags <- texts(data$tags)
stopifnot(tags[["note"]] == "Gr\u00fc\u00dfe", !"stage" %in% names(tags))
stopifnot(grepl("crate", tags[["mlflow.log-model.history"]]))
metric <- run_call("GET", "metrics/get-history", run_id, metric_key = "rmse", max_results = 25000)$metrics[[1]]
stopifnot(abs(metric$value - 1 / 3) < 1e-14, as.numeric(metric$step) == 1e5)
odd <- run_call("GET", "metrics/get-history", run_id, metric_key = "odd")$metrics
values <- suppressWarnings(vapply(odd, function(point) as.numeric(point$value), 0))
stopifnot(sum(is.nan(values)) == 1, max(values, na.rm = TRUE) >= .Machine$double.xmax)

hits <- call_api("POST", "runs/search",
  experiment_ids = list(experiment_id), filter = "metrics.mae < 3 and params.scaled = 'TRUE'",
  run_view_type = "ACTIVE_ONLY", max_results = 100, order_by = list("metrics.mae DESC")
)$runs
stopifnot(length(hits) == 1, hits[[1]]$info$run_uuid == run_id)
run_call("POST", "runs/delete", run_id)
run_call("POST", "runs/restore", run_id)

# Registry
call_api("POST", "registered-models/create", name = "mpg", description = "cars")
artifacts <- paste0(created$info$artifact_uri, "/model")
for (number in 1:2) {
  version <- call_api("POST", "model-versions/create",
    name = "mpg", source = artifacts, run_id = run_id, run_link = NULL
  )$model_version
  stopifnot(version$version == as.character(number), version$status == "READY")
  call_api("POST", "model-versions/transition-stage",
    name = "mpg", version = number, stage = "Production", archive_existing_versions = TRUE
  )
}
stages <- vapply(1:2, function(number) {
  call_api("GET", "model-versions/get", name = "mpg", version = number)$model_version$current_stage
}, "")
stopifnot(stages == c("Archived", "Production"))
newest <- call_api("GET", "registered-models/get-latest-versions", name = "mpg", stages = "Production")
stopifnot(newest$model_versions[[1]]$version == "2")
call_api("PATCH", "model-versions/update", name = "mpg", version = 2, description = "better")
call_api("POST", "model-versions/set-tag", name = "mpg", version = 2, key = "ok", value = TRUE)
call_api("POST", "registered-models/set-tag", name = "mpg", key = "year", value = 1974)
call_api("POST", "registered-models/alias", name = "mpg", alias = "champion", version = 2)
version <- call_api("GET", "registered-models/alias", name = "mpg", alias = "champion")$model_version
stopifnot(version$version == "2", version$description == "better", version$tags[[1]]$value == "TRUE")
models <- call_api("POST", "registered-models/search",
  filter = "name = 'mpg'", max_results = 100, order_by = list("name ASC")
)$registered_models
stopifnot(length(models) == 1, models[[1]]$tags[[1]]$value == "1974")
call_api("DELETE", "registered-models/alias", name = "mpg", alias = "champion")
call_api("POST", "model-versions/transition-stage",
  name = "mpg", version = 2, stage = "Archived", archive_existing_versions = FALSE
)
call_api("DELETE", "model-versions/delete", name = "mpg", version = 2)
call_api("DELETE", "registered-models/delete", name = "mpg")
cat("session complete\n")
