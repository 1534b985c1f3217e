DROP TABLE deal_documents;
