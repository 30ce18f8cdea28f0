# Ids and times differ from run to run.
blank <- function(lines) {
  lines <- gsub("[0-9a-f]{32}", "<id>", lines)
  lines <- gsub("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}(, [0-9.]+ s)?", "<time>", lines)
  gsub("(experiment_id: |artifacts:/)[0-9]+", "\\1<id>", lines)
}

test_that("a run, an experiment, a model and a version are shown by what matters of them", {
  local_tracking()
  name <- unique_name("cards")
  experiment <- mlflow_set_experiment(name) |> suppressMessages()
  mlflow_set_experiment_tag("team", "botany")
  with(run <- mlflow_start_run(run_name = "three levels"), {
    mlflow_log_params(list(depth = 3, cp = 0.01))
    mlflow_log_metrics(c(rmse = 1 / 3, rows = 150))
    mlflow_set_tag("team", "botany")
    mlflow_log_text("irises", "model/notes.txt")
  })
  run <- mlflow_get_run(mlflow_id(run))
  mlflow_register_model(paste0("runs:/", mlflow_id(run), "/model"), name, description = "Only notes.")
  mlflow_transition_model_version_stage(name, 1, "Staging")
  mlflow_set_registered_model_alias(name, "champion", 1)
  mlflow_update_registered_model(name, "Sepals {and} petals.")
  expect_snapshot(
    {
      run
      mlflow_get_experiment()
      mlflow_get_registered_model(name)
      mlflow_get_model_version(name, 1)
    },
    transform = function(lines) gsub(name, "<name>", blank(lines), fixed = TRUE)
  )
})

test_that("several runs, and parts of one, are shown as a table", {
  local_tracking()
  mlflow_set_experiment(unique_name("cards")) |> suppressMessages()
  for (i in 1:2) with(mlflow_start_run(), mlflow_log_param("i", i))
  runs <- mlflow_search_runs()
  expect_output(print(runs), "2 .* 13")
  expect_output(print(runs[1, c("run_id", "status")]), "FINISHED")
  expect_output(print(mlflow_search_experiments()$experiments), "experiment_id")
})

test_that("models and versions can still be written as JSON", {
  local_tracking()
  name <- unique_name("cards")
  model <- mlflow_create_registered_model(name)
  expect_identical(jsonlite::fromJSON(jsonlite::toJSON(model, auto_unbox = TRUE))$name, name)
})

test_that("a card says no more than fits a glance, and breaks its lines between words", {
  withr::local_options(width = 60)
  params <- paste("param", 1:30, "= 1")
  shown <- capture.output(card("run", "many", list(
    none = character(), params = params, note = strrep("x", 1000), path = strrep("p/", 40)
  )))
  expect_match(paste(shown, collapse = " "), "param 20 = 1, +and 10 more")
  expect_false(any(grepl("param 21", shown)))
  expect_lt(max(nchar(grep("note|path", shown, invert = TRUE, value = TRUE))), 60)
  expect_match(shown, paste0("^  note: x{200}", cli::symbol$ellipsis, "$"), all = FALSE)
  expect_match(shown, "^  path: (p/){40}$", all = FALSE)
})

test_that("a part of a report that says nothing leaves no line", {
  shown <- capture.output(print(mlflow_check_crate(crate(function(x) x))))
  expect_length(shown, 1)
})
