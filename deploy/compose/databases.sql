-- Run once by the first start of PostgreSQL, beside the database of the books that its environment names.
CREATE DATABASE dagster;
CREATE DATABASE mlflow;
