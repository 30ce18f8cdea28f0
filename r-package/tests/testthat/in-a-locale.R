# Track and pack with names and texts that are not ASCII, in whatever locale this process has; see
# test-locales.R. Arguments: an address and a file for what was read back. This file itself is ASCII.

library(crateflow)
arguments <- commandArgs(TRUE)
mlflow_set_tracking_uri(arguments[[1]])
utf8 <- "caf\u00e9 \u2014 \u65e5\u672c"
# As a Latin-1 session has it: without a mark, in its own bytes.
latin1 <- "na\xefve"
if (!l10n_info()$`Latin-1`) Encoding(latin1) <- "latin1"

with(run <- mlflow_start_run(run_name = utf8), {
  mlflow_log_param("caf\u00e9", latin1)
  mlflow_set_tag("tag", utf8)
  mlflow_log_metric("co\u00fbt", 1)
  mlflow_log_text(c(utf8, latin1), "notes-caf\u00e9.txt")
  for (file in c("dict.yaml", "dict.json")) mlflow_log_dict(stats::setNames(list(utf8), latin1), file)
  mlflow_log_table(data.frame(text = c(utf8, latin1)), "table.json")
  # In the locale C, R itself cannot have another name in a formula.
  column <- if (l10n_info()$`Latin-1`) "go\u00fbt" else "taste"
  data <- data.frame(y = c(1, 2, 3, 4), factor(c("caf\u00e9", "th\u00e9", "caf\u00e9", "th\u00e9")))
  names(data)[[2]] <- column
  fit <- stats::lm(y ~ ., data)
  mlflow_log_model(fit, "model", input_example = data[column])
})
uri <- function(path) paste0("runs:/", mlflow_id(run), "/", path)
read <- mlflow_get_run(mlflow_id(run))
predicted <- mlflow_predict(mlflow_load_model(uri("model")), data[column])
result <- list(
  charset = l10n_info()$codeset,
  run_id = mlflow_id(run),
  run_name = read$run_name,
  param = c(read$params[[1]]$key, read$params[[1]]$value),
  text = mlflow_load_text(uri("notes-caf\u00e9.txt")),
  yaml = unlist(c(names(mlflow_load_dict(uri("dict.yaml"))), mlflow_load_dict(uri("dict.yaml")))),
  json = unlist(c(names(mlflow_load_dict(uri("dict.json"))), mlflow_load_dict(uri("dict.json")))),
  table = mlflow_load_table(uri("table.json"))$text,
  found = nrow(mlflow_search_runs(paste0("tags.tag = '", utf8, "'"), experiment_ids = "0")) > 0,
  predicted = unname(predicted)
)
# Bytes: a text would be converted when another locale reads it.
bytes <- function(x) lapply(enc2utf8(x), charToRaw)
saveRDS(rapply(result, bytes, "character", how = "replace"), arguments[[2]])
